#pragma once

namespace shunt::fuzz {

// What the build knows of a target. target.cpp.in becomes one definition a target, so that whatever else
// targets share is compiled once.
struct Target {
  const char* name;
  const char* seeds;       // a folder
  const char* dictionary;  // a file, which need not be there
};
extern const Target target;

}  // namespace shunt::fuzz
