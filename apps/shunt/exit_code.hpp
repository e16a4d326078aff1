#pragma once

#include "namespace.hpp"

namespace shunt::app {

// What the process ends with; `shunt --help` documents them.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  // the generation failed, the port is taken, a file cannot be written
inline constexpr int kExitUsage = 2;   // the command line or the input was refused
inline constexpr int kExitPartly = 3;  // done where it was asked, and not known to be everywhere
inline constexpr int kExitConfiguration = 78;  // EX_CONFIG of sysexits.h
inline constexpr int kExitSignalBase = 128;    // + the signal's number, as shells report it
inline constexpr int kExitInterrupted = 130;   // Ctrl-C
inline constexpr int kExitBrokenPipe = 141;    // SIGPIPE: who read standard output has gone

}  // namespace shunt::app
