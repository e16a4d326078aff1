#pragma once

#include "namespace.hpp"
#include "shunt/config/configuration.hpp"

namespace shunt::app {

// Fills in Explained::secrets: by it a reload sees that a file with a secret has another content, though
// every setting is as it was. A file that cannot be read is told by whoever needs its secret.
void note_secret_files(config::Loaded& loaded);

}  // namespace shunt::app
