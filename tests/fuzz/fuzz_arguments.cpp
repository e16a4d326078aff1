#include "fuzz_arguments.hpp"

#include <filesystem>
#include <vector>

namespace shunt::fuzz {

void add_seeds(int* argc, char*** argv, const std::string& seeds, const std::string& dictionary) {
  // As long as the process.
  static std::vector<std::string> texts;
  static std::vector<char*> pointers;
  const std::filesystem::path folder = SHUNT_FUZZ_DIR;
  texts.assign(*argv, *argv + *argc);
  if (!dictionary.empty()) texts.push_back("-dict=" + (folder / dictionary).string());
  std::string files;
  for (const auto& entry : std::filesystem::directory_iterator(folder / seeds)) {
    files += (files.empty() ? "" : ",") + entry.path().string();
  }
  texts.push_back("-seed_inputs=" + files);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  *argc = static_cast<int>(texts.size());
  *argv = pointers.data();
}

}  // namespace shunt::fuzz
