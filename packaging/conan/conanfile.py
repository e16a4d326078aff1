"""The bullmq library as a Conan 2 package: `conan create packaging/conan` in a release of Shunt, which carries BullMQ's
scripts (packaging/README.md). In a clone, npm fetches them while building."""

import pathlib
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, rm, rmdir
from conan.tools.gnu import PkgConfigDeps


class BullmqConan(ConanFile):
    name = "bullmq"
    license = "MIT"
    description = "BullMQ client for C++: queues, workers and events on Redis"
    topics = ("bullmq", "redis", "queue", "jobs", "asio")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        # Boost, OpenSSL and hiredis of the system instead of Conan's.
        "system_libraries": [True, False],
    }
    default_options = {"shared": False, "fPIC": True, "system_libraries": False}

    @property
    def _root(self):
        return pathlib.Path(self.recipe_folder).parents[1]

    def set_version(self):
        listed = (self._root / "bullmq" / "CMakeLists.txt").read_text(encoding="utf-8")
        self.version = re.search(r"^project\(bullmq VERSION ([\d.]+)", listed, re.M)[1]

    def export_sources(self):
        copy(self, "*", self._root / "bullmq", pathlib.Path(self.export_sources_folder) / "bullmq")
        copy(self, "LICENSE", self._root, self.export_sources_folder)

    def configure(self):
        if self.options.shared:
            self.options.rm_safe("fPIC")

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        if not self.options.system_libraries:
            # Boost's and Asio's types are in the public headers, and so in every program.
            self.requires("boost/1.81.0", transitive_headers=True, transitive_libs=True)
            self.requires("openssl/[>=3 <4]")
            self.requires("hiredis/[>=0.14 <2]")

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["BULLMQ_BUILD_SHARED"] = bool(self.options.shared)
        toolchain.generate()
        CMakeDeps(self).generate()
        PkgConfigDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure(build_script_folder="bullmq")
        cmake.build()

    def package(self):
        cmake = CMake(self)
        cmake.install()
        copy(self, "LICENSE", self.source_folder, f"{self.package_folder}/licenses")
        copy(self, "BULLMQ-LICENSE", f"{self.package_folder}/share/doc/bullmq", f"{self.package_folder}/licenses")
        rmdir(self, f"{self.package_folder}/share")
        # Conan writes its own for those who use the package.
        for folder in ("cmake", "pkgconfig"):
            rmdir(self, f"{self.package_folder}/lib/{folder}")
        if self.options.shared:
            rm(self, "libbullmq.a", f"{self.package_folder}/lib")

    def package_info(self):
        self.cpp_info.libs = ["bullmq"]
        self.cpp_info.set_property("cmake_file_name", "bullmq")
        self.cpp_info.set_property("cmake_target_name", "bullmq::bullmq")
        self.cpp_info.set_property("pkg_config_name", "bullmq")
        if self.options.system_libraries:
            self.cpp_info.system_libs = ["boost_json", "ssl", "crypto", "hiredis", "pthread"]
        else:
            self.cpp_info.requires = ["boost::headers", "boost::json", "openssl::openssl", "hiredis::hiredis"]
            self.cpp_info.system_libs = ["pthread"]
