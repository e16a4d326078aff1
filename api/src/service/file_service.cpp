#include "service/file_service.hpp"

#include "shunt/base/log.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::api {

Error FileService::failed(const char* why) {
  faults_.fetch_add(1, std::memory_order_relaxed);
  log::error("files.fault", {{"error", why}});
  return {error_code::kFileStoreFailed, "the store of files has failed", Retryable::kYes};
}

std::string FileService::metrics_text() const {
  if (!enabled()) return {};
  return "# HELP shunt_file_uploads Uploads of files under way\n"
         "# TYPE shunt_file_uploads gauge\n"
         "shunt_file_uploads " +
         std::to_string(uploads_.now()) +
         "\n# HELP shunt_file_upload_bytes_total Bytes of files that uploads have brought, kept or not\n"
         "# TYPE shunt_file_upload_bytes_total counter\n"
         "shunt_file_upload_bytes_total " +
         std::to_string(uploads_.written()) +
         "\n# HELP shunt_file_faults_total What the store of files has thrown\n"
         "# TYPE shunt_file_faults_total counter\n"
         "shunt_file_faults_total " +
         std::to_string(faults_.load()) + '\n';
}

}  // namespace shunt::api
