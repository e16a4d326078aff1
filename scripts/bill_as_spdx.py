"""A bill of materials as SPDX 2.3 JSON."""

import datetime
import json
import re
import uuid

from build_time import build_time

NOT_TOLD = "NOASSERTION"


def package(identity, name, version, licence, purl=None, **more):
    told = {"SPDXID": f"SPDXRef-{identity}", "name": name, "versionInfo": version, "downloadLocation": NOT_TOLD,
            "filesAnalyzed": False, "licenseConcluded": NOT_TOLD, "licenseDeclared": licence or NOT_TOLD,
            "copyrightText": NOT_TOLD, **more}
    if purl:
        told["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                 "referenceLocator": purl}]
    return told


def package_of(component):
    # Letters, digits, dots and dashes are all that an identifier may have.
    identity = "Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", f"{component.name}-{component.version}")
    supplier = "Organization: Debian" if component.purl.startswith("pkg:deb/") else NOT_TOLD
    told = package(identity, component.name, component.version, component.licence, component.purl, supplier=supplier,
                   primaryPackagePurpose="LIBRARY")
    return {**told, "comment": component.description} if component.description else told


def relationship(one, kind, other):
    return {"spdxElementId": one["SPDXID"], "relationshipType": kind, "relatedSpdxElement": other["SPDXID"]}


def spdx(bill):
    binary = package("shunt", "shunt", bill.version, "MIT", bill.purl, primaryPackagePurpose="APPLICATION",
                     checksums=[{"algorithm": "SHA256", "checksumValue": bill.binary_sha256}])
    parts = [(component, package_of(component)) for component in bill.components]
    packages = [binary, *[part for _, part in parts]]
    relations = [relationship(binary, "STATIC_LINK" if component.compiled_in else "DEPENDS_ON", part)
                 for component, part in parts]
    subject = binary
    if bill.in_image:
        subject = package("image", "shunt-image", bill.version, None, primaryPackagePurpose="CONTAINER")
        packages.append(subject)
        lying = [part for component, part in parts if not component.compiled_in]
        relations += [relationship(subject, "CONTAINS", part) for part in [binary, *lying]]
    document = {"SPDXID": "SPDXRef-DOCUMENT"}
    created = datetime.datetime.fromtimestamp(build_time(), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", **document, "name": f"{subject['name']}-{bill.version}",
            "creationInfo": {"created": created, "creators": ["Tool: shunt-sbom"]}, "packages": packages,
            "relationships": [relationship(document, "DESCRIBES", subject), *relations]}
    # Named after its content, so that two builds of the same are the same.
    content = json.dumps(told, sort_keys=True)
    return {**told, "documentNamespace": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"}
