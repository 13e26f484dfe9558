#include "advisor/verdict.hpp"
