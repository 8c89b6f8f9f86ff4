import FoundationEssentials
import FuzzTargets
import Testing

/// All inputs that a fuzzer found worth keeping, and all that ever broke something.
struct ReplayTests {
  /// The folder of the inputs, `Corpus` or `Crashes`, for a target.
  private static func folder(_ name: String, _ target: FuzzTarget) -> String {
    let root = #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }
    return "\(root)/Fuzz/\(name)/\(target.rawValue)"
  }

  private static func inputs(_ name: String, _ target: FuzzTarget) -> [String] {
    let folder = folder(name, target)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted().map { "\(folder)/\($0)" }
  }

  /// Each target in a process of its own: an input that breaks something ends it, and the last name
  /// that it printed is the input's.
  @Test(arguments: FuzzTarget.allCases)
  func `no input that was kept breaks anything`(target: FuzzTarget) async {
    let name = target.rawValue
    let result = await #expect(
      processExitsWith: .success,
      observing: [\.standardOutputContent, \.standardErrorContent]
    ) { [name = name as String] in
      let target = try #require(FuzzTarget(rawValue: name))
      for path in Self.inputs("Corpus", target) + Self.inputs("Crashes", target) {
        print(path)
        let bytes = try #require(FileManager.default.contents(atPath: path))
        target.run(Array(bytes))
      }
    }
    guard let result, result.exitStatus != .exitCode(0) else { return }
    let output = String(decoding: result.standardOutputContent, as: UTF8.self)
    let paths = output.split(separator: "\n").filter { $0.hasPrefix("/") }
    let message = String(decoding: result.standardErrorContent, as: UTF8.self).prefix(1_000)
    Issue.record("\(paths.last ?? "no input"): \(message)")
  }

  @Test(arguments: FuzzTarget.allCases)
  func `there are inputs for each target`(target: FuzzTarget) {
    #expect(Self.inputs("Corpus", target).count >= 20)
  }

  @Test func `what was found once is kept`() {
    #expect(!FuzzTarget.allCases.flatMap { Self.inputs("Crashes", $0) }.isEmpty)
  }
}
