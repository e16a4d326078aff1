#include "core/msgpack_writer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

namespace bullmq::detail {
namespace {

using nlohmann::json;

template <typename Write>
std::string written(const Write& write) {
  std::string out;
  MsgpackWriter writer(out);
  write(writer);
  return out;
}

json decoded(const std::string& packed) {
  return json::from_msgpack(packed, true, false);
}

// Around the boundaries between two forms of the header.
constexpr std::size_t kSizes[] = {0, 1, 15, 16, 31, 32, 33, 255, 256, 257};

TEST(MsgpackWriter, WritesTextsOfEverySize) {
  std::vector<std::size_t> sizes(std::begin(kSizes), std::end(kSizes));
  sizes.insert(sizes.end(), {65'535, 65'536, 70'000});
  for (const std::size_t size : sizes) {
    const std::string text(size, 'x');
    EXPECT_EQ(decoded(written([&](auto& out) { out.text(text); })), json(text)) << size;
  }
  EXPECT_EQ(written([](auto& out) { out.text(std::string_view("\0\xff", 2)); }),
            std::string("\xa2\0\xff", 3));
}

TEST(MsgpackWriter, WritesArraysOfEverySize) {
  for (const std::size_t size : kSizes) {
    const std::string packed = written([&](auto& out) {
      out.array(size);
      for (std::size_t i = 0; i < size; ++i) out.integer(static_cast<std::int64_t>(i));
    });
    const json array = decoded(packed);
    ASSERT_TRUE(array.is_array()) << size;
    ASSERT_EQ(array.size(), size);
    if (size > 0) {
      EXPECT_EQ(array.back(), size - 1);
    }
  }
}

TEST(MsgpackWriter, WritesMapsOfEverySize) {
  for (const std::size_t size : kSizes) {
    const std::string packed = written([&](auto& out) {
      out.map(size);
      for (std::size_t i = 0; i < size; ++i) out.text(std::to_string(i)).boolean(true);
    });
    const json map = decoded(packed);
    ASSERT_TRUE(map.is_object()) << size;
    EXPECT_EQ(map.size(), size);
  }
}

TEST(MsgpackWriter, HasAHeaderForContainersOfEverySize) {
  using namespace std::string_literals;
  const std::tuple<std::size_t, std::string, std::string> headers[] = {
      {15, "\x8f"s, "\x9f"s},
      {16, "\xde\x00\x10"s, "\xdc\x00\x10"s},
      {65'535, "\xde\xff\xff"s, "\xdc\xff\xff"s},
      {65'536, "\xdf\x00\x01\x00\x00"s, "\xdd\x00\x01\x00\x00"s},
      {0xfffffffe, "\xdf\xff\xff\xff\xfe"s, "\xdd\xff\xff\xff\xfe"s},
  };
  for (const auto& [size, map, array] : headers) {
    const std::size_t members = size;
    EXPECT_EQ(written([&](auto& out) { out.map(members); }), map) << size;
    EXPECT_EQ(written([&](auto& out) { out.array(members); }), array) << size;
  }
}

TEST(MsgpackWriter, WritesEveryIntegerExactly) {
  std::vector<std::int64_t> integers{0, std::numeric_limits<std::int64_t>::min(),
                                     std::numeric_limits<std::int64_t>::max()};
  for (int bits = 0; bits < 63; ++bits) {
    for (std::int64_t near = -2; near <= 2; ++near) {
      integers.push_back((std::int64_t{1} << bits) + near);
      integers.push_back(-(std::int64_t{1} << bits) + near);
    }
  }
  for (const std::int64_t value : integers) {
    const json read = decoded(written([&](auto& out) { out.integer(value); }));
    ASSERT_TRUE(read.is_number_integer()) << value;
    EXPECT_EQ(read.get<std::int64_t>(), value);
  }
}

TEST(MsgpackWriter, WritesEveryNumberExactly) {
  for (const double value :
       {0.0, -0.0, 1.0, -1.0, 0.1, -0.25, 1e15, 9e15, 9.1e15, 1.5e300, 5e-324, 123456789.5}) {
    EXPECT_EQ(decoded(written([&](auto& out) { out.number(value); })).template get<double>(), value) << value;
  }
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(decoded(written([&](auto& out) { out.number(-infinity); })).get<double>(), -infinity);
  EXPECT_TRUE(std::isnan(decoded(written([](auto& out) { out.number(std::nan("")); })).get<double>()));
  EXPECT_TRUE(decoded(written([](auto& out) { out.number(7.0); })).is_number_integer());
}

TEST(MsgpackWriter, WritesNothingElse) {
  EXPECT_EQ(written([](auto& out) { out.nil().boolean(true).boolean(false); }), "\xc0\xc3\xc2");
  EXPECT_EQ(decoded(written([](auto& out) { out.array(2).raw("\x81\xa1z\x01").nil(); })),
            json::parse(R"([{"z":1},null])"));
}

}  // namespace
}  // namespace bullmq::detail
