#pragma once

#include <string>
#include <vector>

#include "shunt/flip/preflight.hpp"
#include "shunt/site/doctor_facts.hpp"
#include "shunt/site/finding.hpp"
#include "shunt/site/namespace.hpp"

// From facts to findings. All pure, and none is empty: what is well is said, too.
namespace shunt::site {

[[nodiscard]] std::vector<Finding> judge_configuration(const ConfigurationFacts& facts);
[[nodiscard]] Finding judge_user(const UserFacts& facts);
[[nodiscard]] Finding judge_kernel(const KernelFacts& facts);
[[nodiscard]] Finding judge_model(const ModelFacts& facts);
[[nodiscard]] Finding judge_upstream(const UpstreamFacts& facts);
[[nodiscard]] std::vector<Finding> judge_limits(const LimitFacts& facts);
[[nodiscard]] Finding judge_port(const PortFacts& facts);
[[nodiscard]] std::vector<Finding> judge_folder(const FolderFacts& facts);
[[nodiscard]] Finding judge_bucket(const BucketFacts& facts);
[[nodiscard]] Finding judge_collector(const CollectorFacts& facts);
[[nodiscard]] Finding judge_endpoint(const EndpointFacts& facts);
[[nodiscard]] Finding judge_clock(const ClockFacts& facts);
// The rows of a flip's preflight as findings.
[[nodiscard]] std::vector<Finding> findings_of(const std::vector<flip::Check>& checks);

}  // namespace shunt::site
