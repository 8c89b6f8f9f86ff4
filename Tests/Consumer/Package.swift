// swift-tools-version: 6.2
import PackageDescription

// A package of somebody else's: it sees what a user sees. CI builds and runs the programs of
// docs/examples by it, and compiles every piece of Swift that the documentation shows:
// `.ci/snippets` adds those to SnippetTests, in a copy, for no trait or for one, which is then on.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let programs = [
  "ConfigRollout": "config-rollout.swift",
  "ServiceRegistry": "service-registry.swift",
  "ThreeNodes": "three-nodes.swift",
  "WorkSharding": "work-sharding.swift",
]

let package = Package(
  name: "Consumer",
  traits: ["Encryption", "SwiftLog", "SwiftMetrics", "ServiceLifecycle"],
  dependencies: [
    .package(
      name: "Grapevine",
      path: "../..",
      traits: [
        .trait(name: "Encryption", condition: .when(traits: ["Encryption"])),
        .trait(name: "SwiftLog", condition: .when(traits: ["SwiftLog"])),
        .trait(name: "SwiftMetrics", condition: .when(traits: ["SwiftMetrics"])),
        .trait(name: "ServiceLifecycle", condition: .when(traits: ["ServiceLifecycle"])),
      ]
    ),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
  ],
  targets: programs.map { name, file in
    .executableTarget(
      name: name,
      dependencies: [.product(name: "Grapevine", package: "Grapevine")],
      path: "Examples",
      exclude: ["three-terminals.sh"] + programs.values.filter { $0 != file },
      sources: [file],
      swiftSettings: settings + [.treatAllWarnings(as: .error)]
    )
  } + [
    .testTarget(
      name: "SnippetTests",
      dependencies: [
        .product(name: "Grapevine", package: "Grapevine"),
        .product(name: "GrapevineSharding", package: "Grapevine"),
        .product(name: "GrapevineTesting", package: "Grapevine"),
        .product(name: "GrapevineEncryption", package: "Grapevine"),
        .product(name: "GrapevineSwiftLog", package: "Grapevine"),
        .product(name: "GrapevineSwiftMetrics", package: "Grapevine"),
        .product(name: "GrapevineServiceLifecycle", package: "Grapevine"),
        .product(
          name: "Logging",
          package: "swift-log",
          condition: .when(traits: ["SwiftLog", "ServiceLifecycle"])
        ),
        .product(
          name: "ServiceLifecycle",
          package: "swift-service-lifecycle",
          condition: .when(traits: ["ServiceLifecycle"])
        ),
        .product(
          name: "UnixSignals",
          package: "swift-service-lifecycle",
          condition: .when(traits: ["ServiceLifecycle"])
        ),
      ],
      // What is shown need not use all that it makes.
      swiftSettings: settings + [.treatWarning("DeprecatedDeclaration", as: .error)]
    )
  ],
  swiftLanguageModes: [.v6]
)
