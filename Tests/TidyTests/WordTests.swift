import Pacing
import Testing

/// A file that may do what no other may, and why.
private struct Exception: Sendable {
  let file: String
  let reason: String
}

@Suite(.computing) struct `No source` {
  @Test(arguments: ["FIX" + "ME", "TO" + "DO", "XX" + "X", "HA" + "CK"])
  func `leaves work for later`(word: String) {
    let scripts = [".ci/run", "Package.swift"].compactMap { SourceTree.file($0) }
    for file in SourceTree.swiftFiles + SourceTree.pages + scripts {
      expectNone(file.places(in: file.lines) { $0.hasWord(word) })
    }
  }

  @Test(arguments: ["try!", " as! ", "fatalError(", "unsafeBitCast(", "nonisolated(unsafe)"])
  func `takes a way that traps or lies`(word: String) {
    let exceptions = [
      Exception(file: "PlantedFault.swift", reason: "its variable is in no build that is used")
    ]
    for file in shipped where !exceptions.contains(where: { $0.file == file.name }) {
      expectNone(file.places { $0.hasWord(word) })
    }
  }

  @Test func `promises to be Sendable unchecked`() {
    let exceptions = [
      Exception(file: "Locked.swift", reason: "a pthread mutex guards its one value"),
      Exception(file: "EventLoop.swift", reason: "its state belongs to the loop's thread"),
    ]
    for file in shipped where !exceptions.contains(where: { $0.file == file.name }) {
      expectNone(file.places { $0.hasWord("@unchecked") })
    }
  }

  @Test func `reads errno but where the system is called`() {
    let exceptions = [
      Exception(file: "System.swift", reason: "it wraps every call of the transport"),
      Exception(file: "Files.swift", reason: "eval reads and writes files, the transport does not"),
      Exception(file: "ChildProgram.swift", reason: "eval runs programs, the transport does not"),
    ]
    for file in shipped where !exceptions.contains(where: { $0.file == file.name }) {
      expectNone(file.places { $0.hasWord("errno") })
    }
  }

  private var shipped: [SourceFile] {
    SourceTree.swiftFiles(under: "Sources", "eval")
  }
}

/// One seed must give one run in every process, so nothing may depend on what a process draws.
@Suite(.computing) struct `Core and Simulation` {
  private var files: [SourceFile] {
    SourceTree.swiftFiles(
      under: "Sources/GrapevineCore",
      "Sources/GrapevineSharding",
      "Sources/GrapevineSimulation"
    )
  }

  @Test(arguments: [
    ".hashValue", ".shuffled(", ".shuffle(using", ".shuffle()", ".randomElement(", ".random(in",
    "SystemRandomNumberGenerator", "ContinuousClock", "SuspendingClock", "Task", "print(",
  ])
  func `know nothing of the process they run in`(word: String) {
    for file in files {
      expectNone(file.places { $0.hasWord(word) })
    }
  }

  @Test(arguments: [".values", ".keys"])
  func `don't walk through a dictionary`(word: String) {
    for file in files {
      // What is followed by a subscript is an array that happens to have the name.
      expectNone(file.places { $0.hasWord(word) && !$0.contains(word + "[") })
    }
  }

  /// A dictionary or set is found by its declared type; a name that also stands for an ordered
  /// collection somewhere is left out.
  @Test func `don't loop over a dictionary or set`() {
    let unordered = files.reduce(into: Set<String>()) { $0.formUnion($1.names(declared: true)) }
      .subtracting(files.flatMap { $0.names(declared: false) })
    for file in files {
      let places = file.places { line in
        let words = line.split(separator: " ")
        guard words.contains("for"), let index = words.firstIndex(of: "in"),
          let name = words[(index + 1)...].first?.split(separator: ".").last
        else { return false }
        return unordered.contains(String(name))
      }
      expectNone(places)
    }
  }
}

extension SourceFile {
  /// The names that are given an unordered type here, or those that are given another.
  fileprivate func names(declared isUnordered: Bool) -> [String] {
    codeLines.compactMap { line in
      let words = line.split(separator: " ")
      guard let index = words.firstIndex(where: { $0 == "var" || $0 == "let" }),
        index + 2 < words.count, let type = words[(index + 2)...].first(where: { $0 != "=" })
      else { return nil }
      let rest = words[(index + 2)...].joined(separator: " ")
      let hasKeys = type.hasPrefix("[") && !type.hasPrefix("[(") && type.hasSuffix(":")
      let isSet = ["Set<", "Set(", "Dictionary<"].contains { rest.contains($0) }
      guard (hasKeys || isSet) == isUnordered else { return nil }
      return String(words[index + 1].filter { $0.isLetter || $0.isNumber || $0 == "_" })
    }
  }
}
