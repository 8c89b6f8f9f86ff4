// swift-tools-version: 6.2
import PackageDescription

// A package of somebody else's that uses the bridges: a trait of the same name switches each on.
// CI tests each trait alone, and what is fetched for it.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "BridgeTests",
  traits: ["SwiftLog", "SwiftMetrics", "ServiceLifecycle"],
  dependencies: [
    .package(
      name: "Grapevine",
      path: "../..",
      traits: [
        .trait(name: "SwiftLog", condition: .when(traits: ["SwiftLog"])),
        .trait(name: "SwiftMetrics", condition: .when(traits: ["SwiftMetrics"])),
        .trait(name: "ServiceLifecycle", condition: .when(traits: ["ServiceLifecycle"])),
      ]
    ),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
  ],
  targets: [
    .target(
      name: "BridgeSupport",
      dependencies: [.product(name: "Grapevine", package: "Grapevine")],
      path: "Support",
      swiftSettings: strict
    ),
    .testTarget(
      name: "SwiftLogTests",
      dependencies: [
        "BridgeSupport",
        .product(name: "GrapevineSwiftLog", package: "Grapevine"),
        .product(name: "Logging", package: "swift-log", condition: .when(traits: ["SwiftLog"])),
        .product(
          name: "InMemoryLogging",
          package: "swift-log",
          condition: .when(traits: ["SwiftLog"])
        ),
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "SwiftMetricsTests",
      dependencies: [
        "BridgeSupport",
        .product(name: "GrapevineSwiftMetrics", package: "Grapevine"),
        .product(
          name: "MetricsTestKit",
          package: "swift-metrics",
          condition: .when(traits: ["SwiftMetrics"])
        ),
      ],
      swiftSettings: strict
    ),
    .testTarget(
      name: "ServiceLifecycleTests",
      dependencies: [
        "BridgeSupport",
        .product(name: "GrapevineServiceLifecycle", package: "Grapevine"),
        .product(
          name: "ServiceLifecycle",
          package: "swift-service-lifecycle",
          condition: .when(traits: ["ServiceLifecycle"])
        ),
        .product(
          name: "ServiceLifecycleTestKit",
          package: "swift-service-lifecycle",
          condition: .when(traits: ["ServiceLifecycle"])
        ),
        .product(
          name: "Logging",
          package: "swift-log",
          condition: .when(traits: ["ServiceLifecycle"])
        ),
      ],
      swiftSettings: strict
    ),
  ],
  swiftLanguageModes: [.v6]
)
