#include "drivers/command/output_file.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

#include "folder_fixture.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

class OutputFile : public shunt::testing::FolderTest {
 protected:
  [[nodiscard]] Result<std::string> read(std::size_t max_bytes = 1000) const {
    DriverMemory memory(MemoryBudget::unlimited());
    return read_output_file(opened(), "out.bin", max_bytes, memory);
  }
  void expect_refused(const std::string& says) const {
    const auto bytes = read();
    ASSERT_FALSE(bytes.ok());
    EXPECT_EQ(bytes.error().code, error_code::kInvalidOutput);
    EXPECT_NE(bytes.error().message.find(says), std::string::npos) << bytes.error().message;
  }
  [[nodiscard]] std::string path() const { return folder_ / "out.bin"; }
};

TEST_F(OutputFile, IsReadWhole) {
  const std::string bytes("a\0b\xFF", 4);
  write("out.bin", bytes);
  EXPECT_EQ(read().value(), bytes);
  write("out.bin", "");
  EXPECT_EQ(read().value(), "");
}

TEST_F(OutputFile, ThatIsMissingIsNamed) {
  expect_refused("its {output_file} is not there");
}

TEST_F(OutputFile, ThatIsALinkIsNotFollowed) {
  std::filesystem::create_symlink("/etc/passwd", path());
  expect_refused("symbolic link");
  std::filesystem::remove(path());
  std::filesystem::create_symlink("/no/such/file", path());
  expect_refused("symbolic link");
}

TEST_F(OutputFile, ThatHasAnotherNameIsNotRead) {
  write("elsewhere", "somebody's");
  std::filesystem::create_hard_link(folder_ / "elsewhere", path());
  expect_refused("other names");
}

TEST_F(OutputFile, ThatIsNoRegularFileIsNotReadAndNotWaitedFor) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  expect_refused("a named pipe");
  std::filesystem::remove(path());
  std::filesystem::create_directory(path());
  expect_refused("a folder");
  std::filesystem::remove(path());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  expect_refused("not a regular file");
  ::close(socket);
}

TEST_F(OutputFile, ThatIsADeviceHasNoEndAndIsNotRead) {
  const OwnedFd devices(::open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DriverMemory memory(MemoryBudget::unlimited());
  const auto bytes = read_output_file(devices.get(), "zero", 1000, memory);
  ASSERT_FALSE(bytes.ok());
  EXPECT_NE(bytes.error().message.find("a device"), std::string::npos) << bytes.error().message;
}

TEST_F(OutputFile, ThatIsTooLargeIsNotRead) {
  write("out.bin", std::string(1001, 'x'));
  const auto bytes = read(1000);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, error_code::kProgramLimit);
  EXPECT_EQ(bytes.error().details.at("limit"), 1000U);
  EXPECT_EQ(read(1001).value().size(), 1001U);
  // A hole takes no room on a disk, and would in memory.
  std::filesystem::resize_file(path(), std::uintmax_t{1} << 40U);
  EXPECT_EQ(read().error().code, error_code::kProgramLimit);
}

}  // namespace
}  // namespace shunt::generation::command
