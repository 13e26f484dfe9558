#pragma once

namespace assay {

/// Asks the operating system for the registers of AMX's tiles, for this process and all its
/// threads; asking again changes nothing. False where it has none or refuses.
bool permit_tiles();

}  // namespace assay
