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

  /// All in a process of its own, which an input that breaks something ends; only then each in one,
  /// to tell which it is.
  @Test(arguments: FuzzTarget.allCases)
  func `no input that was kept breaks anything`(target: FuzzTarget) async {
    let paths = Self.inputs("Corpus", target) + Self.inputs("Crashes", target)
    guard await !Self.areHarmless(paths, target.rawValue) else { return }
    for path in paths where await !Self.areHarmless([path], target.rawValue) {
      Issue.record("swift run fuzz \(target.rawValue) \(path)")
    }
  }

  /// Plays inputs; says whether the process came to its end.
  private static func areHarmless(_ paths: [String], _ name: String) async -> Bool {
    let result = await #expect(processExitsWith: .success) {
      [paths = paths as [String], name = name as String] in
      let target = try #require(FuzzTarget(rawValue: name))
      for path in paths {
        let bytes = try #require(FileManager.default.contents(atPath: path))
        target.run(Array(bytes))
      }
    }
    return result != nil
  }

  @Test(arguments: FuzzTarget.allCases)
  func `there are inputs for each target`(target: FuzzTarget) {
    #expect(Self.inputs("Corpus", target).count >= 20)
  }

  @Test func `what was found once is kept`() {
    #expect(!FuzzTarget.allCases.flatMap { Self.inputs("Crashes", $0) }.isEmpty)
  }
}
