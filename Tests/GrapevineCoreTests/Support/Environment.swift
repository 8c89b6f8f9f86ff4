import Glibc
import GrapevineCore

/// What a test run is told from outside: `CASES` and `SEED`, in decimal or as `0x…`, and `VERBOSE`.
enum Environment {
  /// Says that figures are to be printed which pass.
  static var isVerbose: Bool { getenv("VERBOSE") != nil }

  /// The number of cases to run: `CASES`, or `usual`.
  static func caseCount(usual: Int) -> Int {
    number(named: "CASES").map { Int($0) } ?? usual
  }

  /// The seed of the first case; each further case has the next one.
  static var firstSeed: UInt64 { number(named: "SEED") ?? 1 }

  /// The line that runs case `index` of the tests that `filter` finds again, alone.
  static func replay(case index: Int, filter: String) -> String {
    let seed = String(firstSeed &+ UInt64(index), radix: 16)
    return "SEED=0x\(seed) CASES=1 swift test --filter \(filter)"
  }

  /// Lets the engine err as `FAULT` says, in a build that can do so.
  static func plantFault() {
    guard let text = getenv("FAULT") else { return }
    let name = String(cString: text)
    #if PlantedFaults
      guard let fault = PlantedFault(rawValue: name) else {
        preconditionFailure("there is no fault \(name)")
      }
      PlantedFault.current = fault
    #else
      preconditionFailure("this build has no faults; \(name) needs -Xswiftc -DPlantedFaults")
    #endif
  }

  private static func number(named name: String) -> UInt64? {
    guard let text = getenv(name) else { return nil }
    let value = String(cString: text)
    return value.hasPrefix("0x") ? UInt64(value.dropFirst(2), radix: 16) : UInt64(value)
  }
}
