#include "backend/client_list.hpp"

#include <gtest/gtest.h>

namespace bullmq::detail {
namespace {

// "cQ==" is "q".
std::vector<std::string> raw_names(std::string_view list) {
  std::vector<std::string> names;
  for (const ClientInfo& client : clients_in(list, "bull", "q", ClientRole::worker)) {
    names.push_back(client.at("rawname"));
  }
  return names;
}

TEST(ClientList, FindsTheWorkersOfTheQueue) {
  const auto workers = clients_in(
      "id=3 addr=127.0.0.1:1 laddr=127.0.0.1:6379 name=bull:cQ== age=5 flags=b cmd=bzpopmin user=default\n"
      "id=4 addr=127.0.0.1:2 name=bull:cQ==:w:one age=6\n"
      "id=5 addr=127.0.0.1:3 name=bull:cQ==:qe age=6\n"
      "id=6 addr=127.0.0.1:4 name= age=6\n",
      "bull", "q", ClientRole::worker);
  ASSERT_EQ(workers.size(), 2U);
  EXPECT_EQ(workers[0].at("id"), "3");
  EXPECT_EQ(workers[0].at("name"), "q");
  EXPECT_EQ(workers[0].at("rawname"), "bull:cQ==");
  EXPECT_EQ(workers[0].at("addr"), "127.0.0.1:1");
  EXPECT_EQ(workers[0].at("cmd"), "bzpopmin");
  EXPECT_EQ(workers[1].at("rawname"), "bull:cQ==:w:one");
}

TEST(ClientList, FindsTheReadersOfTheQueuesEvents) {
  const auto readers = clients_in("id=3 name=bull:cQ==\nid=4 name=bull:cQ==:w:one\nid=5 name=bull:cQ==:qe\n",
                                  "bull", "q", ClientRole::event_reader);
  ASSERT_EQ(readers.size(), 1U);
  EXPECT_EQ(readers[0].at("id"), "5");
}

TEST(ClientList, TakesNobodyElseForAWorker) {
  EXPECT_TRUE(
      raw_names("id=1 name=bull:cQ==x\nid=2 name=xbull:cQ==\nid=3 name=bull:cQ==:w\nid=4 name=other:cQ==\n"
                "id=5 name=bull:Yg==\nid=6\n\n   \nname\n=\n")
          .empty());
  EXPECT_TRUE(raw_names("").empty());
}

TEST(ClientList, ReadsListsHoweverTheyEnd) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(raw_names("name=bull:cQ=="), Names{"bull:cQ=="});
  EXPECT_EQ(raw_names("id=1 name=bull:cQ==\r\nname=bull:cQ==:w:a\r\n"),
            (Names{"bull:cQ==", "bull:cQ==:w:a"}));
  EXPECT_EQ(raw_names("\n\nname=bull:cQ==:w:a=b  \n"), Names{"bull:cQ==:w:a=b"});
}

}  // namespace
}  // namespace bullmq::detail
