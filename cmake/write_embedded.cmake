# Writes OUTPUT: the contents of FILES (paths below ROOT) as string literals of 32 bytes, which the compiler joins.
list(LENGTH FILES count)
set(text "#include \"base/embedded.hpp\"\n\n#include <array>\n\nnamespace assay {\nnamespace {\n\n")
string(APPEND text "constexpr std::array<EmbeddedFile, ${count}> k_files{{\n")
string(REPEAT "." 128 line)
foreach(file IN LISTS FILES)
  file(READ ${ROOT}/${file} content HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" content "${content}")
  string(REGEX REPLACE "(${line})" "\\1\"\n     \"" content "${content}")
  string(APPEND text "    {\"${file}\",\n     \"${content}\"},\n")
endforeach()
string(APPEND text "}};\n\n}  // namespace\n\n"
  "std::span<const EmbeddedFile> embedded_files() { return k_files; }\n\n}  // namespace assay\n")
file(WRITE ${OUTPUT} "${text}")
