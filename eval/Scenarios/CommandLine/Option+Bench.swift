// The options of benchmarks.
extension Option {
  static let ofBench = [
    Option(
      "--only",
      "NAME",
      "The one benchmark of that name, or all whose names begin with it and a point.",
      rule: "a name such as shard.owner.ring-256, or the beginning of some such as shard.owner",
      standard: { _ in "all" },
      scenarios: [.bench]
    ) { options, text in
      options.only = text == "all" ? nil : text
      return true
    },
    Option(
      "--check",
      "FILE",
      "Fails if an operation takes 2 % more instructions, allocations or bytes than FILE has.",
      rule: "the name of a file that --record has written",
      standard: { _ in "none" },
      scenarios: [.bench]
    ) { options, text in
      guard !text.isEmpty else { return false }
      options.checkPath = text
      return true
    },
    Option(
      "--record",
      "FILE",
      "Writes the counts of all benchmarks to FILE, for --check.",
      rule: "the name of a file",
      standard: { _ in "none" },
      scenarios: [.bench]
    ) { options, text in
      guard !text.isEmpty else { return false }
      options.recordPath = text
      return true
    },
    Option(
      "--operations",
      "N",
      "Repeats each operation N times, for a profiler, and tells what it allocated.",
      rule: "a whole number from 0 to 1000000000",
      standard: { _ in "none" },
      scenarios: [.bench]
    ) { $0.operations.take(ValueText.count($1), in: 0...1_000_000_000) },
  ]
}
