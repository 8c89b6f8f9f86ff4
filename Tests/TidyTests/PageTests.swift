import Pacing
import Testing

@Suite(.computing) struct `A page of documentation` {
  @Test func `has one title, at its top`() {
    for page in SourceTree.pages {
      let titles = page.prose.filter { $0.hasPrefix("# ") }
      #expect(titles.count == 1, "\(page.path)")
      #expect(page.lines.first?.hasPrefix("# ") == true, "\(page.path)")
    }
  }

  @Test func `links to files and headings that exist`() {
    for page in SourceTree.pages {
      for target in page.links where !target.contains("://") && !target.hasPrefix("mailto:") {
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts[0].isEmpty ? page.path : page.resolve(String(parts[0]))
        #expect(SourceTree.exists(path), "\(page.path) links to \(target)")
        guard parts.count == 2, let other = SourceTree.file(path) else { continue }
        #expect(other.anchors.contains(String(parts[1])), "\(page.path) links to \(target)")
      }
    }
  }

  @Test func `calls eval by a command that can be pasted`() {
    // A line that begins with the word would run the shell's builtin.
    for page in SourceTree.pages {
      expectNone(page.places(in: page.lines) { $0.hasPrefix("eval ") })
    }
  }

  @Test func `answers each complaint once, by tests and commands that exist`() throws {
    let page = try #require(SourceTree.file("docs/complaints.md"))
    let rows = page.lines.filter { $0.hasPrefix("| ") }
      .map { $0.split(separator: " | ", omittingEmptySubsequences: false) }
      .filter { Int($0[0].drop { $0 == "|" || $0 == " " }) != nil }
    let numbers = rows.compactMap { Int($0[0].drop { $0 == "|" || $0 == " " }) }
    #expect(numbers == Array(1...78))
    let tests = SourceTree.swiftFiles(under: "Tests")
    let script = try #require(SourceTree.file(".ci/run"))
    let scenarios = try #require(
      SourceTree.file("eval/Scenarios/CommandLine/Scenario.swift")
    ).codeLines
    for row in rows {
      let proofs = try #require(row.last).proofs
      #expect(proofs.contains { !$0.isSuite }, "row \(row[0]) shows nothing")
      var homes: [SourceFile] = []
      for proof in proofs {
        let words = proof.text.split(separator: " ")
        switch proof {
        case .suite(let name):
          homes = tests.filter { $0.declares(suite: name) }
          #expect(!homes.isEmpty, "row \(row[0]): there is no \(name)")
        case .test(let name):
          let start = "func `\(name)`("
          let isThere = homes.contains { $0.text.contains(start) }
          #expect(isThere, "row \(row[0]): there is no “\(name)” in the suite before it")
        case .command where words[0] == "eval":
          let isThere = scenarios.contains { $0.hasSuffix(" case \(words[1])") }
          #expect(isThere, "row \(row[0]): there is no \(words[1])")
        case .command:
          let isThere = script.lines.contains("stage_\(words[1])() {")
          #expect(words[0] == ".ci/run" && isThere, "row \(row[0]): \(proof.text)")
        }
      }
    }
  }

  @Test func `shows the tutorial's program as it is compiled`() throws {
    let page = try #require(SourceTree.file("docs/tutorial.md"))
    let program = try #require(SourceTree.file("docs/examples/three-nodes.swift"))
    #expect(page.text.contains("```swift\n\(program.text)```\n"), "\(program.path) is another")
  }

  @Test func `names each program of docs/examples in the README`() throws {
    let readme = try #require(SourceTree.file("README.md"))
    let manifest = try #require(SourceTree.file("Tests/Consumer/Package.swift"))
    let programs = SourceTree.files(under: "docs/examples") { $0.hasSuffix(".swift") }
    #expect(programs.count >= 4)
    for program in programs {
      #expect(readme.text.contains("](\(program.path))"), "\(program.path)")
      #expect(manifest.text.contains("\"\(program.name)\""), "\(program.path)")
    }
  }
}

@Suite(.computing) struct `The repository` {
  @Test func `leaves out what builds leave behind`() throws {
    let ignored = try #require(SourceTree.file(".gitignore")).lines
    #expect(ignored.contains(".build*/"))
    #expect(ignored.contains("Package.resolved"))
  }

  @Test func `tests in CI by the command that the README names`() throws {
    let command = "swift test"
    let readme = try #require(SourceTree.file("README.md"), "there is no README.md")
    #expect(readme.text.contains(command))
    let script = try #require(SourceTree.file(".ci/run"), "there is no .ci/run")
    #expect(!script.places(in: script.lines) { $0.hasSuffix(" " + command) }.isEmpty)
  }

  @Test func `says of each metric what it is, and of no other`() throws {
    let home = "Sources/Grapevine/Metrics/NodeMetrics+Families.swift"
    let code = try #require(SourceTree.file(home)).text.split(separator: "\"")
    let page = try #require(SourceTree.file("docs/metrics.md")).text
      .split { !($0.isLetter || $0.isNumber || $0 == "_") }
    let told = Set(code.filter { $0.hasPrefix("grapevine_") })
    let documented = Set(page.filter { $0.hasPrefix("grapevine_") && !$0.hasSuffix("_") })
    #expect(told.count > 40)
    #expect(told == documented, "\(told.symmetricDifference(documented).sorted())")
  }

  @Test func `makes each planted fault somewhere, and nothing else under its condition`() throws {
    let home = "Sources/GrapevineCore/Support/PlantedFault.swift"
    let faults = try #require(SourceTree.file(home)).lines
      .filter { $0.contains(" case ") && $0.contains(" = \"") }
      .compactMap { $0.split(separator: " ").dropFirst().first }
    #expect(faults.count >= 10)
    let others = SourceTree.swiftFiles(under: "Sources").filter { !$0.path.hasSuffix(home) }
    let text = others.map(\.text).joined()
    for fault in faults {
      #expect(text.contains("PlantedFault.\(fault).isPlanted"), "\(fault)")
    }
    #expect(!text.contains("#if PlantedFaults"))
  }
}

/// What a page names as showing that something is so.
private enum Proof {
  case suite(String)
  /// A test of the suite that was named last.
  case test(String)
  case command(String)

  var text: String {
    switch self {
    case .suite(let text), .test(let text), .command(let text): text
    }
  }

  var isSuite: Bool { if case .suite = self { true } else { false } }
}

extension StringProtocol {
  /// The suites and commands, as code, and the tests, emphasised, of a table's cell, in order.
  fileprivate var proofs: [Proof] {
    split(separator: "`", omittingEmptySubsequences: false).enumerated().flatMap {
      (offset, text) -> [Proof] in
      guard offset % 2 == 0 else {
        return [text.hasSuffix("Tests") ? .suite(String(text)) : .command(String(text))]
      }
      let parts = text.split(separator: "*", omittingEmptySubsequences: false).enumerated()
      return parts.filter { $0.offset % 2 == 1 }.map { .test(String($0.element)) }
    }
  }
}

extension SourceFile {
  /// Says whether a suite of that name, or a part of one, is written here.
  fileprivate func declares(suite name: String) -> Bool {
    text.contains(name)
      && codeLines.contains { line in
        line.contains(name) && line.hasWord(name)
          && ["struct", "enum", "extension"].contains { line.hasWord($0) }
      }
  }

  /// The lines outside of code blocks.
  fileprivate var prose: [Substring] {
    var isCode = false
    return lines.filter { line in
      if line.drop(while: { $0 == " " }).hasPrefix("```") { isCode.toggle() }
      return !isCode
    }
  }

  /// What the page's inline links lead to.
  fileprivate var links: [String] {
    prose.flatMap { line in
      let text = line.split(separator: "`", omittingEmptySubsequences: false).enumerated()
        .map { $0.offset % 2 == 0 ? $0.element : "" }.joined()
      return text.split(separator: "](").dropFirst().compactMap { rest in
        rest.firstIndex(of: ")").map { String(rest[..<$0]) }
      }
    }
  }

  /// The names by which a page's headings can be linked to, as GitHub makes them.
  fileprivate var anchors: [String] {
    prose.filter { $0.hasPrefix("#") }.map { heading in
      String(
        heading.drop { $0 == "#" }.dropFirst().lowercased().compactMap { letter in
          letter == " "
            ? "-" : letter.isLetter || letter.isNumber || "-_".contains(letter) ? letter : nil
        }
      )
    }
  }

  /// The path from the root of what this page calls `target`.
  fileprivate func resolve(_ target: String) -> String {
    var folders = path.split(separator: "/").dropLast()
    for part in target.split(separator: "/") where part != "." {
      if part == ".." { _ = folders.popLast() } else { folders.append(part) }
    }
    return folders.joined(separator: "/")
  }
}
