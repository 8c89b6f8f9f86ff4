import GrapevineCore
import Pacing
import Testing

@testable import EvalScenarios

@Suite(.computing) struct BenchTests {
  private func outcome(_ arguments: String...) throws -> Outcome {
    guard case .run(let options) = try Command(arguments: ["bench"] + arguments) else {
      throw EvaluationError("no run")
    }
    return try Evaluation.measure(
      Measurement(options: options, progress: Progress(isTerminal: false, write: { _ in }))
    )
  }

  @Test func `every benchmark can be repeated`() throws {
    for benchmark in Benchmark.all { try benchmark.prepare()(1) }
    let lines = try outcome("--only=wire", "--operations=2").lines
    #expect(lines.count == Benchmark.named("wire").count)
    for (benchmark, line) in zip(Benchmark.named("wire"), lines) {
      #expect(AllocationCount(in: line, of: benchmark.name)?.line(of: benchmark.name) == line)
    }
  }

  @Test func `a family of benchmarks is measured in their order`() throws {
    let outcome = try outcome("--only=wire.heartbeat")
    #expect(outcome.figures.map(\.name) == ["wire.heartbeat.encode", "wire.heartbeat.decode"])
    #expect(outcome.lines.allSatisfy { $0.count <= 90 }, "\(outcome.lines)")
    let json = Evaluation.json(Options(scenario: .bench), outcome)
    #expect(json.member("failures") == .array([]))
    for (_, value) in outcome.figures {
      guard case .number(let time) = value.member("time_ns") else {
        Issue.record("no time in \(value.text)")
        continue
      }
      #expect(time > 0)
    }
  }

  @Test func `what comes in a second is told in thousands and millions`() throws {
    let benchmark = Benchmark("test", operationCount: 4, output: .init(1_000_000, "things")) {
      { Benchmark.keep($0) }
    }
    let rate = try #require(BenchFigures(measuring: benchmark).rate)
    #expect(rate > 0)
    #expect(BenchFigures(name: "a", time: 400, output: .init(2, "things")).rate == 5e6)
    #expect(Bench.text(rate: 12_345_678, of: "things") == "12.3 M things")
    #expect(Bench.text(rate: 99_950, of: "") == "100 k")
    #expect(Bench.text(rate: 7, of: "things") == "7 things")
  }

  @Test func `names are there once, and none begins another`() {
    for benchmark in Benchmark.all {
      #expect(Benchmark.named(benchmark.name).map(\.name) == [benchmark.name])
      #expect(benchmark.operationCount > 0)
    }
    #expect(Benchmark.named("shard").count == 13)
    #expect(Benchmark.named("shard.owner.ring").isEmpty)
    #expect(Benchmark.allNames.contains("shard.owner"))
  }

  @Test(arguments: [
    (["--only=shard.ovner"], "there is no benchmark “shard.ovner” (did you mean shard.owner?)"),
    (["--only="], "there is no benchmark “”"), (["--nodes=5"], "has no meaning for bench"),
    (["--seed=5"], "has no meaning for bench"), (["--check="], "the name of a file"),
    (["--record="], "the name of a file"), (["--operations=-1"], "a whole number from 0"),
    (["--operations=1", "--check=a"], "--operations measures nothing for --check"),
    (["--operations=1", "--record=a"], "--operations measures nothing for --record"),
    (["--operations=1", "--json=a"], "--operations measures nothing for --json"),
    (["--only=shard", "--record=a"], "--record is for all benchmarks: it must be without --only"),
  ])
  func `what makes no sense is refused`(arguments: [String], answer: String) {
    let error = #expect(throws: UsageError.self) { try Command(arguments: ["bench"] + arguments) }
    #expect(error?.description.contains(answer) == true, "\(String(describing: error))")
  }

  @Test func `a debug build can't be checked`() {
    let error = #expect(throws: EvaluationError.self) { try outcome("--check=/nowhere") }
    #expect(error?.description.contains("debug build") == true)
  }

  @Test func `what a thread allocates is counted to the byte`() throws {
    let benchmark = Benchmark("test", operationCount: 10) {
      { count in
        for _ in 0..<count {
          Benchmark.keep([UInt8](unsafeUninitializedCapacity: 968) { $1 = 1 }.count)
        }
      }
    }
    let figures = try BenchFigures(measuring: benchmark)
    guard let allocations = figures.allocations, let bytes = figures.bytes else { return }
    #expect(allocations == 1)
    #expect(bytes == 968 + 32)
  }
}

@Suite struct AllocationLineTests {
  @Test func `what was allocated is read from among other lines`() {
    let made = AllocationCount(count: 12, size: 345)
    let text = "==1== Callgrind\na.bc: 1 allocations, 2 bytes\n\(made.line(of: "a.b"))\n==1==\n"
    #expect(AllocationCount(in: text, of: "a.b") == made)
    #expect(AllocationCount(in: text, of: "a") == nil)
    #expect(AllocationCount(in: "a: x allocations, 2 bytes", of: "a") == nil)
    #expect(AllocationCount(in: "a: 1 allocations", of: "a") == nil)
    #expect(AllocationCount(in: "", of: "a") == nil)
  }
}

@Suite(.computing) struct BenchThreadTests {
  @Test func `what other threads allocate counts where they credit it`() throws {
    let benchmark = Benchmark("test", operationCount: 4, repeatability: .timedOnly) {
      { count in
        let thread = try WorkerThread {
          AllocationCount.credit {
            for _ in 0..<count {
              Benchmark.keep([UInt8](unsafeUninitializedCapacity: 968) { $1 = 1 }.count)
            }
          }
        }
        thread.join()
      }
    }
    let figures = try BenchFigures(measuring: benchmark)
    #expect(!figures.isChecked)
    guard let allocations = figures.allocations else { return }
    #expect(allocations >= 1)
  }

  @Test func `what threads and sockets make of it is not counted by callgrind`() {
    let timed = Benchmark.all.filter { $0.repeatability == .timedOnly }.map(\.name)
    #expect(timed.allSatisfy { $0.hasPrefix("node.") || $0.hasPrefix("sockets.") })
    #expect(timed.count == Benchmark.named("node").count + Benchmark.named("sockets").count)
  }
}

@Suite struct ThresholdTests {
  private func text(_ counts: String, build: String = Thresholds.build) -> String {
    #"{"build": "\#(build)", "shard.key": {\#(counts)}}"#
  }

  private func figures(_ instructions: Double?, _ allocations: Double?) -> BenchFigures {
    BenchFigures(name: "shard.key", instructions: instructions, allocations: allocations, bytes: 7)
  }

  private let limits = #""instructions": 1000, "allocations": 0, "bytes": 7"#

  @Test(
    arguments: [
      (1_020, 0, nil),
      (1_020.01, 0, "shard.key: 1020.01 instructions, more (2.0 %) than 1000"),
      (1_500, 0, "shard.key: 1500 instructions, more (50.0 %) than 1000"),
      (1_000, 0.01, "shard.key: 0.01 allocations, more than 0"),
      (nil, 0, "shard.key: instructions could not be counted"),
    ] as [(Double?, Double, String?)]
  )
  func `two percent more is taken, and a hundredth above is not`(
    instructions: Double?,
    allocations: Double,
    failure: String?
  ) throws {
    let verdict = try Thresholds(text: text(limits)).verdict(on: [
      figures(instructions, allocations)
    ])
    #expect(verdict.failures == (failure.map { [$0] } ?? []))
    #expect(verdict.notes.isEmpty)
  }

  @Test func `what became better is told and does not fail`() throws {
    let thresholds = try Thresholds(text: text(limits))
    #expect(thresholds.verdict(on: [figures(980, 0)]) == Thresholds.Verdict())
    let better = thresholds.verdict(on: [figures(979, 0)])
    #expect(better.failures.isEmpty)
    #expect(better.notes == ["shard.key: 979 instructions, less (2.1 %) than 1000"])
  }

  @Test func `a benchmark without a threshold fails, and a threshold without a benchmark`() throws {
    let other = text(limits).replacing("shard.key", with: "shard.kee")
    #expect(
      try Thresholds(text: other).verdict(on: [figures(1_000, 0)]).failures == [
        "shard.key has no threshold: --record writes it",
        "shard.kee has a threshold, but is no benchmark that is checked",
      ]
    )
  }

  @Test func `what is only timed is neither recorded nor checked`() throws {
    let timed = BenchFigures(name: "node.set.threads-8", isChecked: false, time: 5)
    let found = [figures(1_000, 0), timed]
    #expect(try Thresholds(text: text(limits)).verdict(on: found) == Thresholds.Verdict())
    #expect(try #require(Thresholds.json(found)).text.contains("node.set") == false)
    let other = text(limits).replacing("shard.key", with: "node.set.threads-8")
    #expect(
      try Thresholds(text: other).verdict(on: [timed]).failures == [
        "nothing was checked: what was run is only timed",
        "node.set.threads-8 has a threshold, but is no benchmark that is checked",
      ]
    )
  }

  @Test func `what is recorded is what is checked next`() throws {
    let found = [figures(1_234.567, 0.5)]
    let text = try #require(Thresholds.json(found)).text
    #expect(
      text.contains(#""shard.key": {"instructions": 1234.57, "allocations": 0.5, "bytes": 7}"#)
    )
    #expect(try Thresholds(text: text).verdict(on: found) == Thresholds.Verdict())
    #expect(Thresholds.json([figures(nil, 0)]) == nil)
  }

  @Test func `few allocations in many operations are recorded as some`() throws {
    let found = [figures(1_000.001, 4.0 / 1_024)]
    let text = try #require(Thresholds.json(found)).text
    #expect(text.contains(#""instructions": 1000.01, "allocations": 0.01, "#))
    #expect(try Thresholds(text: text).verdict(on: found) == Thresholds.Verdict())
  }

  @Test(arguments: [
    ("[]", "it is no object"), ("{", "line 1, column 2: a name in quotes is expected"),
    ("{}", "it does not say in “build” what it is of"),
    (#"{"build": "vax"}"#, "its counts are of “vax”, this build is"),
    ("K: 1", "“K” is no object"),
    (#"K: {"instructions": "x"}"#, "“instructions” of “K” is no number"),
    (#"K: {"instructions": -1}"#, "“instructions” of “K” is negative"),
    (#"K: {"seconds": 1}"#, "“K” has “seconds”, which nobody counts"),
    (#"K: {"instructions": 1, "bytes": 2}"#, "“K” has no “allocations”"),
  ])
  func `a file that is wrong is told what is wrong`(short: String, answer: String) {
    let text =
      short.hasPrefix("K:")
      ? #"{"build": "\#(Thresholds.build)", "K"\#(short.dropFirst())}"# : short
    let error = #expect(throws: EvaluationError.self) { try Thresholds(text: text) }
    #expect(error?.description.contains(answer) == true, "\(String(describing: error))")
  }
}

@Suite struct CallgrindTests {
  @Test func `the last totals are the count`() {
    let text = "totals: 1\nfn=(2) totals: 5\nfn=a\n+1 7\n\ntotals: 11633778\n"
    #expect(Callgrind.total(text) == 11_633_778)
    #expect(Callgrind.total("summary: 5\n") == nil)
    #expect(Callgrind.total("totals: x\n") == nil)
  }

  @Test func `a program runs without its table of sections`() throws {
    let folder = try TemporaryFolder()
    let program = "\(folder.path)/true"
    try writeProgram(Callgrind.withoutSections(readBytes("/bin/echo")), to: program)
    let child = try ChildProgram(
      [program, "one", "two"],
      environment: [],
      output: "\(folder.path)/said"
    )
    #expect(child.wait() == 0)
    #expect(try readFile("\(folder.path)/said") == "one two\n")
  }

  @Test func `a child's end is told, and sees no more than its environment`() throws {
    let folder = try TemporaryFolder()
    let said = "\(folder.path)/said"
    func status(_ script: String) throws -> CInt {
      try ChildProgram(["/bin/sh", "-c", script], environment: ["ONE=1"], output: said).wait()
    }
    #expect(try status("echo $ONE$HOME >&2; exit 7") == 7)
    #expect(try readFile(said) == "1\n")
    #expect(try status("kill -9 $$") == 128 + 9)
    let error = #expect(throws: EvaluationError.self) {
      _ = try ChildProgram(["/nowhere/x"], environment: [], output: said).wait()
    }
    #expect(error?.description == "can't start /nowhere/x: No such file or directory")
    #expect(ChildProgram.find("sh") != nil)
    #expect(ChildProgram.find("no-such-program") == nil)
  }

  @Test func `a temporary folder takes its files along`() throws {
    func fill() throws -> String {
      let folder = try TemporaryFolder()
      try OutputFile(path: "\(folder.path)/one").write("1")
      #expect(readSystemFile("\(folder.path)/one") == "1")
      return folder.path
    }
    let path = try fill()
    #expect(throws: FileError.self) { _ = try OutputFile(path: "\(path)/two") }
  }
}
