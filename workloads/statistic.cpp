#include "workloads/statistic.hpp"
