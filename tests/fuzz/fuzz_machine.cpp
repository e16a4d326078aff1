// What a machine says to `shunt init` and `shunt doctor`: a server that lists its models, the kernel's
// tables, a person who chooses. Checks that no foreign name leaves its quotes in the configuration that is
// written.
#include "shunt/base/display_text.hpp"
#include "shunt/site/chosen_numbers.hpp"
#include "shunt/site/configuration_text.hpp"
#include "shunt/site/gather.hpp"
#include "shunt/site/judgements.hpp"
#include "support/fuzzing.hpp"
#include "toml_reader.hpp"

namespace {

using namespace shunt;
using fuzz::check;

void check_models(std::string_view body) {
  const auto listed = site::read_models_list(body);
  if (!listed) return;
  check(listed->ids.size() <= site::kMostListed, "a list has an end");
  for (const std::string& id : listed->ids) check(base::is_displayable(id), "a name can be shown");
  site::Found found;
  found.servers = {{site::kind_of_server(listed->owner, 8000), "http://127.0.0.1:8000/v1", listed->ids}};
  site::ConfigurationPlan plan;
  plan.models = site::propose_models(found);
  const auto table = config::read_toml(site::configuration_text(plan), "f.toml");
  check(table.ok(), "what is written can be read");
  check(table->size() == 3, "and has default_model, server and models, whatever a model is called");
  site::UpstreamFacts facts{.model = "chat", .server = "s", .wanted = "tiny"};
  facts.answer.status = 200;
  facts.answer.models = listed;
  check(base::is_displayable(site::judge_upstream(facts).found), "a finding can be shown");
}

void check_tables(std::string_view text) {
  (void)site::listening_inode(text, 8080);
  (void)site::total_memory(text);
  (void)site::cgroup_limit(text);
}

void check_numbers(std::string_view text) {
  const auto numbers = site::chosen_numbers(text, 3);
  if (!numbers) return;
  check(!numbers->empty() && numbers->size() <= 3, "some of three");
  for (const std::size_t number : *numbers) check(number >= 1 && number <= 3, "one of three");
}

}  // namespace

// The first byte says what the rest is: (m) a list of models, (p) a table of the kernel's, (n) an answer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::text_of(data, size).substr(1);
  if (data[0] == 'm') check_models(text);
  if (data[0] == 'p') check_tables(text);
  if (data[0] == 'n') check_numbers(text);
  return 0;
}
