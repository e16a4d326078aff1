// Gives libFuzzer the target's seeds and dictionary, so that it is run without any argument.
#include <filesystem>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv);

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  // As long as the process.
  static std::vector<std::string> texts;
  static std::vector<char*> pointers;
  texts.assign(*argv, *argv + *argc);
  if (std::filesystem::exists(SHUNT_FUZZ_DICTIONARY)) {
    texts.push_back(std::string("-dict=") + SHUNT_FUZZ_DICTIONARY);
  }
  std::string files;
  for (const auto& entry : std::filesystem::directory_iterator(SHUNT_FUZZ_SEEDS)) {
    files += (files.empty() ? "" : ",") + entry.path().string();
  }
  texts.push_back("-seed_inputs=" + files);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  *argc = static_cast<int>(texts.size());
  *argv = pointers.data();
  return 0;
}
