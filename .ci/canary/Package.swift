// swift-tools-version: 6.2
import PackageDescription

// The protocol and its tests alone, so that each planted fault costs a build of these and no more.
// `.ci/run` puts this manifest next to links to Sources and Tests.
let imports: [SwiftSetting] = [.enableUpcomingFeature("InternalImportsByDefault")]

let package = Package(
  name: "Grapevine",
  targets: [
    .target(name: "GrapevineHashing", swiftSettings: imports),
    .target(name: "GrapevineCore", dependencies: ["GrapevineHashing"], swiftSettings: imports),
    .target(name: "CGrapevineLinux"),
    .target(
      name: "GrapevineTransport",
      dependencies: ["CGrapevineLinux", "GrapevineCore"],
      swiftSettings: imports
    ),
    .target(name: "Allocations", path: "Tests/Support/Allocations", swiftSettings: imports),
    .target(
      name: "Pacing",
      dependencies: ["GrapevineTransport"],
      path: "Tests/Support/Pacing",
      swiftSettings: imports
    ),
    .testTarget(
      name: "GrapevineCoreTests",
      dependencies: ["Allocations", "Pacing", "GrapevineCore", "GrapevineHashing"],
      swiftSettings: imports
    ),
  ]
)
