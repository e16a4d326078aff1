#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shunt/site/namespace.hpp"
#include "shunt/site/proposal.hpp"

namespace shunt::site {

// What a configuration is written from.
struct ConfigurationPlan {
  std::vector<ProposedModel> models;  // at least one; names differ
  std::vector<FoundProgram> waiting;  // what could become a model, told in a comment
  std::string listen = "127.0.0.1:8080";
  std::string key_sha256;  // of the one caller's key; "" = none, which only loopback addresses may have
  std::string redis_url;   // "" = no queue
};

// A shunt.toml with comments, which the reader of the configuration takes as it is. Pure.
[[nodiscard]] std::string configuration_text(const ConfigurationPlan& plan);

// As a value of TOML: in quotes, with escapes for what may not stand there.
[[nodiscard]] std::string toml_text(std::string_view text);

// A unit of systemd for this binary and configuration, made of the one that deploy/systemd has.
[[nodiscard]] std::string unit_text(std::string_view binary, std::string_view configuration);

}  // namespace shunt::site
