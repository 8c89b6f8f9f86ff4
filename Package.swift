// swift-tools-version: 6.2
import PackageDescription

/// What every target of ours is compiled with.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
]

/// The protocol itself has no unsafe expression at all.
let strictAndSafe = strict + [.strictMemorySafety()]

let package = Package(
  name: "Grapevine",
  products: [
    .library(name: "Grapevine", targets: ["Grapevine"]),
    .library(name: "GrapevineSharding", targets: ["GrapevineSharding"]),
    .library(name: "GrapevineTesting", targets: ["GrapevineTesting"]),
    .library(name: "GrapevineEncryption", targets: ["GrapevineEncryption"]),
    .library(name: "GrapevineSwiftLog", targets: ["GrapevineSwiftLog"]),
    .library(name: "GrapevineSwiftMetrics", targets: ["GrapevineSwiftMetrics"]),
    .library(name: "GrapevineServiceLifecycle", targets: ["GrapevineServiceLifecycle"]),
    .executable(name: "eval", targets: ["eval"]),
    .executable(name: "fuzz", targets: ["fuzz"]),
    .executable(name: "sealing", targets: ["sealing"]),
  ],
  traits: [
    .trait(
      name: "Encryption",
      description: "Brings Keyring, which seals packets and streams; see docs/encryption.md."
    ),
    .trait(name: "Fuzzing", description: "Makes fuzz a libFuzzer program; see docs/fuzzing.md."),
    .trait(
      name: "PlantedFaults",
      description: "Lets a test make the engine err on purpose; never for a build that is used."
    ),
    .trait(name: "SwiftLog", description: "Brings SwiftLogSink; see docs/bridges.md."),
    .trait(name: "SwiftMetrics", description: "Brings MetricsPublisher; see docs/bridges.md."),
    .trait(name: "ServiceLifecycle", description: "Brings NodeService; see docs/bridges.md."),
    .default(enabledTraits: []),
  ],
  dependencies: [
    // Each is fetched with its trait alone.
    .package(url: "https://github.com/apple/swift-crypto.git", from: "4.0.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
  ],
  targets: [
    .target(name: "GrapevineHashing", swiftSettings: strict),
    .target(
      name: "GrapevineCore",
      dependencies: ["GrapevineHashing"],
      swiftSettings: strictAndSafe
    ),
    .target(
      name: "GrapevineSharding",
      dependencies: ["GrapevineHashing"],
      swiftSettings: strictAndSafe
    ),
    .target(name: "CGrapevineLinux"),
    .target(
      name: "GrapevineTransport",
      dependencies: ["CGrapevineLinux", "GrapevineCore"],
      swiftSettings: strict
    ),
    .target(
      name: "Grapevine",
      dependencies: ["GrapevineCore", "GrapevineSharding", "GrapevineTransport"],
      swiftSettings: strict
    ),
    .target(
      name: "GrapevineEncryption",
      dependencies: [
        "Grapevine", "GrapevineTransport",
        .product(
          name: "Crypto",
          package: "swift-crypto",
          condition: .when(traits: ["Encryption"])
        ),
      ],
      swiftSettings: strict
    ),
    .target(
      name: "GrapevineSwiftLog",
      dependencies: [
        "Grapevine",
        .product(name: "Logging", package: "swift-log", condition: .when(traits: ["SwiftLog"])),
      ],
      swiftSettings: strict
    ),
    .target(
      name: "GrapevineSwiftMetrics",
      dependencies: [
        "Grapevine",
        .product(
          name: "Metrics",
          package: "swift-metrics",
          condition: .when(traits: ["SwiftMetrics"])
        ),
      ],
      swiftSettings: strict
    ),
    .target(
      name: "GrapevineServiceLifecycle",
      dependencies: [
        "Grapevine",
        .product(
          name: "ServiceLifecycle",
          package: "swift-service-lifecycle",
          condition: .when(traits: ["ServiceLifecycle"])
        ),
      ],
      swiftSettings: strict
    ),
    .target(
      name: "GrapevineSimulation",
      dependencies: ["GrapevineCore", "GrapevineHashing"],
      swiftSettings: strict
    ),
    .target(name: "CAllocations", path: "eval/Allocations"),
    .target(
      name: "GrapevineTesting",
      dependencies: ["Grapevine", "GrapevineCore", "GrapevineSimulation", "GrapevineTransport"],
      swiftSettings: strict
    ),
    .target(
      name: "EvalScenarios",
      dependencies: [
        "CAllocations", "Grapevine", "GrapevineCore", "GrapevineHashing", "GrapevineSharding",
        "GrapevineSimulation", "GrapevineTransport",
      ],
      path: "eval/Scenarios",
      swiftSettings: strict
    ),
    .executableTarget(
      name: "eval",
      dependencies: ["EvalScenarios"],
      path: "eval/Main",
      swiftSettings: strict
    ),
    .executableTarget(
      name: "sealing",
      dependencies: [
        "EvalScenarios", "Grapevine", "GrapevineCore", "GrapevineEncryption", "GrapevineTransport",
      ],
      path: "eval/Sealing",
      swiftSettings: strict
    ),
    .testTarget(
      name: "GrapevineHashingTests",
      dependencies: ["GrapevineHashing"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "GrapevineCoreTests",
      dependencies: ["Allocations", "Pacing", "GrapevineCore", "GrapevineHashing"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "GrapevineShardingTests",
      dependencies: ["Allocations", "GrapevineSharding", "GrapevineHashing"],
      exclude: ["Vectors"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "GrapevineTransportTests",
      dependencies: ["GrapevineTransport", "GrapevineCore"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "GrapevineTests",
      dependencies: [
        "Grapevine", "GrapevineEncryption", "GrapevineTransport", "GrapevineCore",
        "GrapevineHashing", "NodeProcess", "Pacing",
      ],
      swiftSettings: strict
    ),
    .target(name: "Allocations", path: "Tests/Support/Allocations", swiftSettings: strict),
    .target(
      name: "Pacing",
      dependencies: ["GrapevineTransport"],
      path: "Tests/Support/Pacing",
      swiftSettings: strict
    ),
    .target(name: "ShiftedClock", path: "Tests/Support/ShiftedClock"),
    .executableTarget(
      name: "NodeProcess",
      dependencies: [
        "Grapevine", "GrapevineCore", "GrapevineEncryption", "GrapevineTransport", "ShiftedClock",
      ],
      path: "Tests/Support/NodeProcess",
      swiftSettings: strict
    ),
    .testTarget(
      name: "GrapevineSimulationTests",
      dependencies: ["Pacing", "GrapevineSimulation", "GrapevineCore"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "GrapevineTestingTests",
      dependencies: ["Grapevine", "GrapevineTesting", "GrapevineTransport", "Pacing"],
      swiftSettings: strict
    ),
    .testTarget(
      name: "EvalTests",
      dependencies: [
        "Pacing", "EvalScenarios", "Grapevine", "GrapevineCore", "GrapevineSharding",
        "GrapevineSimulation", "GrapevineTransport", "eval",
      ],
      swiftSettings: strict
    ),
    .target(
      name: "FuzzTargets",
      dependencies: ["GrapevineCore", "GrapevineHashing"],
      path: "Tests/Fuzz/Targets",
      swiftSettings: strict
    ),
    .executableTarget(
      name: "fuzz",
      dependencies: ["FuzzTargets"],
      path: "Tests/Fuzz/Main",
      swiftSettings: strict
    ),
    .testTarget(
      name: "FuzzTests",
      dependencies: ["FuzzTargets"],
      path: "Tests/FuzzTests",
      swiftSettings: strict
    ),
    .testTarget(name: "TidyTests", dependencies: ["Pacing"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
