#include "shunt/site/proposal.hpp"

#include <gmock/gmock.h>

#include "shunt/site/chosen_numbers.hpp"

namespace shunt::site {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names_of(const std::vector<ProposedModel>& models) {
  std::vector<std::string> names;
  for (const ProposedModel& model : models) names.push_back(model.name);
  return names;
}

FoundServer server(ServerKind kind, std::vector<std::string> models) {
  return {kind, "http://127.0.0.1:8000/v1", std::move(models)};
}

TEST(Proposal, has_the_simulator_where_nothing_was_found) {
  EXPECT_THAT(names_of(propose_models({})), ElementsAre("simulator"));
}

TEST(Proposal, has_servers_before_programs_and_a_name_for_each) {
  Found found;
  found.servers = {server(ServerKind::kOllama, {"llama3.2:latest", "nomic-embed-text:latest"}),
                   server(ServerKind::kLlamaCpp, {"/srv/models/llama3.2.gguf"})};
  found.programs = {{ProgramKind::kEspeak, "/usr/bin/espeak-ng", ""},
                    {ProgramKind::kFfmpeg, "/usr/bin/ffmpeg", ""}};
  const auto models = propose_models(found);
  EXPECT_THAT(names_of(models), ElementsAre("llama3.2", "nomic-embed-text", "llama3.2-2", "speech", "wav"));
  EXPECT_EQ(models[1].use, ModelUse::kEmbeddings);
  EXPECT_EQ(models[2].upstream_model, "/srv/models/llama3.2.gguf");
}

TEST(Proposal, has_a_program_only_with_what_it_needs) {
  Found found;
  found.programs = {{ProgramKind::kWhisper, "/usr/bin/whisper-cli", ""},
                    {ProgramKind::kPiper, "/usr/bin/piper", "/v.onnx"}};
  EXPECT_THAT(names_of(propose_models(found)), ElementsAre("voice"));
  ASSERT_EQ(programs_that_wait(found).size(), 1U);
  EXPECT_EQ(programs_that_wait(found)[0].kind, ProgramKind::kWhisper);
}

TEST(Proposal, lets_a_server_wait_until_it_runs) {
  Found found;
  found.programs = {{ProgramKind::kOllama, "/usr/bin/ollama", ""}};
  EXPECT_EQ(programs_that_wait(found).size(), 1U);
  found.servers = {server(ServerKind::kOllama, {})};
  EXPECT_EQ(programs_that_wait(found).size(), 1U) << "it runs, and has no model";
  found.servers = {server(ServerKind::kOllama, {"x"})};
  EXPECT_TRUE(programs_that_wait(found).empty());
}

TEST(Proposal, takes_some_models_of_a_server_that_has_hundreds) {
  std::vector<std::string> many(300, "m");
  Found found;
  found.servers = {server(ServerKind::kOther, many)};
  EXPECT_EQ(propose_models(found).size(), 20U);
}

TEST(ModelName, is_made_of_what_others_call_so) {
  const std::pair<const char*, const char*> cases[] = {{"llama3.2:latest", "llama3.2"},
                                                       {"qwen2.5:7b", "qwen2.5:7b"},
                                                       {"Qwen/Qwen2.5-7B-Instruct", "Qwen2.5-7B-Instruct"},
                                                       {"/m/a b.gguf", "a-b"},
                                                       {"..", ".."},
                                                       {"", "model"},
                                                       {"x/", "model"},
                                                       {"mod\xc3\xa8le", "mod--le"},
                                                       {"\"]\n[server]", "----server-"}};
  for (const auto& [foreign, name] : cases) EXPECT_EQ(model_name_of(foreign), name) << foreign;
  EXPECT_EQ(model_name_of(std::string(5'000, 'a')).size(), 100U);
}

TEST(WishedModel, is_one_that_was_found_or_a_server_elsewhere) {
  const auto proposed = propose_models({});
  EXPECT_EQ(wished_model("simulator", proposed).value().name, "simulator");
  const auto chat = wished_model("chat=https://example.com/v1#tiny", proposed).value();
  EXPECT_EQ(chat.base_url, "https://example.com/v1");
  EXPECT_EQ(chat.upstream_model, "tiny");
  EXPECT_EQ(wished_model("chat=http://[::1]:8000/v1", proposed).value().upstream_model, "default");
}

TEST(WishedModel, is_refused_with_what_there_is) {
  const auto proposed = propose_models({});
  EXPECT_THAT(wished_model("nope", proposed).error().message, HasSubstr("simulator"));
  for (const char* wish : {"=http://x/v1", "a b=http://x/v1", "chat=", "chat=ftp://x", "chat=http://u:p@x/v1",
                           "chat=x", "chat=http://x/v1#", "chat=http://x/v1?a=b", "chat=http://x/v1#a\nb"})
    EXPECT_FALSE(wished_model(wish, proposed).ok()) << wish;
}

TEST(ListenAddress, avoids_ports_that_somebody_has) {
  Found found;
  EXPECT_EQ(free_listen_address(found), "127.0.0.1:8080");
  found.busy_ports = {8080, 8081, 8083};
  EXPECT_EQ(free_listen_address(found), "127.0.0.1:8082");
}

TEST(ChosenNumbers, are_numbers_of_the_list_each_once) {
  using Numbers = std::vector<std::size_t>;
  for (const char* text : {"", "all", "1,2,3", "3 2 1 1", " 1 , 2,,3"})
    EXPECT_EQ(chosen_numbers(text, 3), (Numbers{1, 2, 3})) << text;
  EXPECT_EQ(chosen_numbers("3,1", 3), (Numbers{1, 3}));
  for (const char* text : {"0", "4", "-1", "1,x", "1.5", "all,1", ",", "99999999999999999999999"})
    EXPECT_FALSE(chosen_numbers(text, 3)) << text;
}

TEST(ServerKind, is_told_by_the_owner_of_its_models_and_else_by_the_port) {
  EXPECT_EQ(kind_of_server("llamacpp", 1), ServerKind::kLlamaCpp);
  EXPECT_EQ(kind_of_server("vllm", 8080), ServerKind::kVllm);
  EXPECT_EQ(kind_of_server("library", 1), ServerKind::kOllama);
  EXPECT_EQ(kind_of_server("hf.co", 11434), ServerKind::kOllama);
  EXPECT_EQ(kind_of_server("", 8000), ServerKind::kOther);
}

}  // namespace
}  // namespace shunt::site
