#pragma once

#include <string>

namespace shunt::fuzz {

// For LLVMFuzzerInitialize: adds the seeds in the folder `seeds` of tests/fuzz to the fuzzer's arguments, and
// the dictionary of that name, unless it is empty. So a target is run without any argument.
void add_seeds(int* argc, char*** argv, const std::string& seeds, const std::string& dictionary = {});

}  // namespace shunt::fuzz
