#include "reports/assessment.hpp"
