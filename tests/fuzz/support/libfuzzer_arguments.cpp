// Gives libFuzzer the target's seeds and dictionary, so that it is run without any argument.
#include <filesystem>
#include <string>
#include <vector>

#include "support/target.hpp"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  using shunt::fuzz::target;
  // As long as the process.
  static std::vector<std::string> texts;
  static std::vector<char*> pointers;
  texts.assign(*argv, *argv + *argc);
  if (std::filesystem::exists(target.dictionary)) {
    texts.push_back(std::string("-dict=") + target.dictionary);
  }
  std::string files;
  for (const auto& entry : std::filesystem::directory_iterator(target.seeds)) {
    files += (files.empty() ? "" : ",") + entry.path().string();
  }
  texts.push_back("-seed_inputs=" + files);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  *argc = static_cast<int>(texts.size());
  *argv = pointers.data();
  return 0;
}
