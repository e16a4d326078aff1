#include <gtest/gtest.h>

#include "shunt/site/gather.hpp"

namespace shunt::site {
namespace {

constexpr const char* kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 20 4 "
    "30 10 -1\n"
    "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 "
    "0 0 10 0\n";

TEST(ListeningInode, is_that_of_the_socket_that_listens) {
  EXPECT_EQ(listening_inode(kTable, 8080), 4711U);
  EXPECT_FALSE(listening_inode(kTable, 8081));
}

TEST(ListeningInode, is_none_of_what_is_no_table) {
  for (const char* text :
       {"", "\n\n", "a b c 0A e f g h i", "   0: x 0 0A 0 0 0 0 0 1", "0: A:1F90 0 0A 0 0 0 0 0 x"})
    EXPECT_FALSE(listening_inode(text, 8080)) << text;
}

TEST(TotalMemory, is_read_from_its_line) {
  EXPECT_EQ(total_memory("MemTotal:       2048 kB\nMemFree: 1 kB\n"), 2'048U * 1'024);
  EXPECT_FALSE(total_memory("MemFree: 1 kB\n"));
  EXPECT_FALSE(total_memory("MemTotal: much\n"));
}

TEST(CgroupLimit, is_a_number_or_there_is_none) {
  EXPECT_EQ(cgroup_limit("1073741824\n"), 1'073'741'824U);
  EXPECT_FALSE(cgroup_limit("max\n"));
  EXPECT_FALSE(cgroup_limit(""));
}

}  // namespace
}  // namespace shunt::site
