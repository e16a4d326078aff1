#include "standard_output.hpp"

#include <unistd.h>

#include <iostream>

#include "exit_code.hpp"
#include "terminal.hpp"
#include "write_all.hpp"

namespace shunt::app {
namespace {

bool forgiven = false;

}  // namespace

StandardOutput::StandardOutput() : before_(std::cout.rdbuf()) {
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  std::cout.rdbuf(this);
}

StandardOutput::~StandardOutput() {
  std::cout.rdbuf(before_);
}

void StandardOutput::forgive() noexcept {
  forgiven = true;
}

int StandardOutput::sync() {
  const std::string_view bytes(pbase(), static_cast<std::size_t>(pptr() - pbase()));
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  if (failure_) return -1;
  auto written = write_all(STDOUT_FILENO, bytes);
  if (!written) failure_ = std::move(written).error();
  return failure_ ? -1 : 0;
}

StandardOutput::int_type StandardOutput::overflow(int_type c) {
  if (sync() != 0) return traits_type::eof();
  if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
  return traits_type::not_eof(c);
}

int StandardOutput::exit_code(int code) {
  sync();
  if (!failure_ || forgiven) return code;
  if (failure_->code == kBrokenPipe) return kExitBrokenPipe;
  complain("cannot write to standard output: " + failure_->message);
  return code == kExitOk ? kExitFailed : code;
}

}  // namespace shunt::app
