import Pacing
import Testing

/// What may be imported where: the arrows of the architecture, and the parts of the system needed.
private struct Arrow: Sendable, CustomTestStringConvertible {
  let folder: String
  let allowed: Set<String>

  init(_ folder: String, _ allowed: Set<String>) {
    self.folder = folder
    self.allowed = allowed
  }

  var testDescription: String { folder }
}

private let arrows = [
  Arrow("Sources/GrapevineHashing", []),
  Arrow("Sources/GrapevineCore", ["GrapevineHashing"]),
  Arrow("Sources/GrapevineSharding", ["GrapevineHashing"]),
  Arrow("Sources/GrapevineSimulation", ["GrapevineCore", "GrapevineHashing"]),
  Arrow(
    "Sources/GrapevineTesting",
    ["Grapevine", "GrapevineCore", "GrapevineSimulation", "GrapevineTransport"]
  ),
  Arrow(
    "Sources/GrapevineTransport",
    ["CGrapevineLinux", "GrapevineCore", "Glibc", "Synchronization"]
  ),
  Arrow(
    "Sources/Grapevine",
    ["GrapevineCore", "GrapevineTransport", "GrapevineSharding", "Glibc", "Synchronization"]
  ),
  Arrow("Sources/GrapevineEncryption", ["Grapevine", "GrapevineTransport", "Crypto"]),
  Arrow(
    "eval/Sealing",
    [
      "EvalScenarios", "Grapevine", "GrapevineCore", "GrapevineEncryption", "GrapevineTransport",
      "Glibc",
    ]
  ),
  Arrow("Sources/GrapevineSwiftLog", ["Grapevine", "Logging"]),
  Arrow("Sources/GrapevineSwiftMetrics", ["Grapevine", "Metrics"]),
  Arrow("Sources/GrapevineServiceLifecycle", ["Grapevine", "ServiceLifecycle"]),
  Arrow(
    "eval/Scenarios",
    [
      "CAllocations", "Grapevine", "GrapevineCore", "GrapevineHashing", "GrapevineSharding",
      "GrapevineSimulation", "GrapevineTransport", "Glibc", "Synchronization",
    ]
  ),
  Arrow("eval/Main", ["EvalScenarios", "Glibc"]),
]

@Suite(.computing) struct `The architecture` {
  @Test(arguments: arrows)
  private func `has arrows that point one way`(arrow: Arrow) {
    for file in SourceTree.swiftFiles(under: arrow.folder) {
      for module in file.imports {
        #expect(arrow.allowed.contains(module), "\(file.path) imports \(module)")
      }
    }
  }

  @Test func `gives every module its arrows`() {
    let folders = Set(
      SourceTree.swiftFiles(under: "Sources", "eval")
        .map { $0.path.split(separator: "/").prefix(2).joined(separator: "/") }
    )
    #expect(folders.isSubset(of: arrows.map(\.folder)))
  }

  @Test func `does without Foundation, Dispatch and the old testing library`() {
    let banned = ["Foundation", "FoundationEssentials", "Dispatch", "Testing"]
    for file in SourceTree.swiftFiles(under: "Sources", "eval") {
      #expect(file.imports.allSatisfy { !banned.contains($0) }, "\(file.path)")
    }
    for file in SourceTree.swiftFiles {
      #expect(!file.imports.contains("XC" + "Test"), "\(file.path)")
    }
  }

  @Test func `names no type like a module`() {
    let modules = Set(arrows.compactMap { $0.folder.split(separator: "/").last.map(String.init) })
    let keywords: Set<Substring> = ["actor", "class", "enum", "protocol", "struct", "typealias"]
    for file in SourceTree.swiftFiles(under: "Sources") {
      let places = file.places { line in
        let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        return zip(words, words.dropFirst())
          .contains { keywords.contains($0) && modules.contains(String($1)) }
      }
      expectNone(places)
    }
  }
}
