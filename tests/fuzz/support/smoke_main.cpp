// A fuzz target without libFuzzer, for every compiler: the seeds, then what becomes of them when bytes are
// changed at random, the same ones in every run. An input that fails is left in the working folder as
// TARGET.input, and given as an argument it is run alone: fuzz_smoke_TARGET FILE...
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "support/target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTime{1'000};
constexpr std::size_t kMostRuns = 200'000;
constexpr std::size_t kMostBytes = 4'096;
constexpr unsigned kSecondsForOne = 30;

using shunt::fuzz::target;

std::string current;  // the input that runs
// Made before a signal comes: its handler must not allocate.
const std::string input_file = std::string(target.name) + ".input";
const std::string farewell = "the input is in " + input_file + "\n";

// Does only what a signal handler may do.
void leave_input(int number) {
  const int file = ::open(input_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0 && ::write(file, current.data(), current.size()) >= 0) ::close(file);
  if (::write(STDERR_FILENO, farewell.data(), farewell.size()) < 0) ::_exit(1);
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void run(std::string input) {
  current = std::move(input);
  ::alarm(kSecondsForOne);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(current.data()), current.size());
  ::alarm(0);
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> seeds() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(target.seeds)) files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<std::string> texts;
  for (const auto& file : files) texts.push_back(content_of(file));
  return texts;
}

// The words of a libFuzzer dictionary: "text", where \xHH is a byte, \\ and \" are themselves.
std::vector<std::string> dictionary() {
  std::vector<std::string> words;
  std::ifstream file(target.dictionary);
  for (std::string line; std::getline(file, line);) {
    const auto begin = line.find('"');
    const auto end = line.rfind('"');
    if (line.starts_with('#') || begin == std::string::npos || end <= begin) continue;
    std::string word;
    for (std::size_t i = begin + 1; i < end; ++i) {
      if (line[i] != '\\') {
        word += line[i];
      } else if (line[i + 1] == 'x' && i + 3 < end) {
        word += static_cast<char>(std::stoi(line.substr(i + 2, 2), nullptr, 16));
        i += 3;
      } else {
        word += line[++i];
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

class Mutator {
 public:
  Mutator(std::vector<std::string> seeds, std::vector<std::string> words)
      : seeds_(std::move(seeds)), words_(std::move(words)) {}

  std::string next() {
    std::string text = seeds_[below(seeds_.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(text);
    if (text.size() > kMostBytes) text.resize(kMostBytes);
    return text;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }
  char byte() { return static_cast<char>(random_() & 0xff); }

  void change(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = below(std::min<std::size_t>(text.size() - at, 32) + 1);
    switch (below(8)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        return;
      case 1:
        if (at < text.size()) text[at] = byte();
        return;
      case 2:
        text.insert(at, 1, byte());
        return;
      case 3:
        text.erase(at, length);
        return;
      case 4: {  // once more, or very often
        const std::string piece = text.substr(at, length);
        for (std::size_t times = 1 + (below(8) == 0 ? below(100) : 0); times > 0; --times)
          text.insert(at, piece);
        return;
      }
      case 5:
        text.insert(at, words_.empty() ? std::string(1, byte()) : words_[below(words_.size())]);
        return;
      case 6: {  // what another seed has
        const std::string& other = seeds_[below(seeds_.size())];
        const std::size_t from = below(other.size() + 1);
        text.replace(at, length, other.substr(from, below(other.size() - from + 1)));
        return;
      }
      default:
        text.resize(at);
        return;
    }
  }

  std::vector<std::string> seeds_;
  std::vector<std::string> words_;
  std::mt19937_64 random_{20'261'127};
};

int smoke(int count, char** names) {
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM})
    std::signal(number, leave_input);
  if (count > 1) {
    for (int i = 1; i < count; ++i) run(content_of(names[i]));
    return 0;
  }
  const std::vector<std::string> given = seeds();
  if (given.empty()) {
    std::fprintf(stderr, "no seeds in %s\n", target.seeds);
    return 1;
  }
  for (const std::string& seed : given) run(seed);
  run({});
  Mutator mutator(given, dictionary());
  std::size_t runs = 0;
  for (const auto end = Clock::now() + kTime; runs < kMostRuns && Clock::now() < end; ++runs)
    run(mutator.next());
  std::printf("%zu seeds, %zu runs\n", given.size(), runs);
  return 0;
}

}  // namespace

int main(int count, char** names) {
  try {
    return smoke(count, names);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "a foreign exception: %s\n", error.what());
    std::abort();  // as libFuzzer does with one that leaves a target
  }
}
