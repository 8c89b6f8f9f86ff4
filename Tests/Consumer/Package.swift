// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

// A package of somebody else's: it sees what a user sees, and CI builds and runs it.
let package = Package(
  name: "Consumer",
  dependencies: [.package(name: "Grapevine", path: "../..")],
  targets: [
    .executableTarget(
      name: "Consumer",
      dependencies: [.product(name: "Grapevine", package: "Grapevine")],
      swiftSettings: settings
    ),
    .executableTarget(
      name: "ThreeNodes",
      dependencies: [.product(name: "Grapevine", package: "Grapevine")],
      swiftSettings: settings
    ),
  ],
  swiftLanguageModes: [.v6]
)
