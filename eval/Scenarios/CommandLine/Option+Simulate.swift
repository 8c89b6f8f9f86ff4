internal import GrapevineCore

// The options of drawn runs.
extension Option {
  static let ofSimulate = [
    Option(
      "--seeds",
      "N",
      "Runs so many seeds from --seed on, and sums up what they met.",
      rule: "a whole number from 1 to 1000000000",
      standard: { _ in "1" },
      scenarios: [.simulate]
    ) { $0.givenSeeds.take(ValueText.count($1), in: 1...1_000_000_000) },
    Option(
      "--jobs",
      "N",
      "The threads that seeds run on; what comes of them is the same with any number.",
      rule: "a whole number from 1 to 1024",
      standard: { _ in "as many as processors, as the system counts them" },
      scenarios: [.simulate]
    ) { $0.givenJobs.take(ValueText.count($1), in: 1...1_024) },
    Option(
      "--trace",
      nil,
      "Tells each event on a line of its own, for one seed.",
      standard: { _ in "off" },
      scenarios: [.simulate]
    ) { options, _ in
      options.traces = true
      return true
    },
    Option(
      "--keep-going",
      nil,
      "Goes on with the other seeds after one has failed.",
      standard: { _ in "off" },
      scenarios: [.simulate]
    ) { options, _ in
      options.keepsGoing = true
      return true
    },
    Option(
      "--fault",
      "NAME",
      "Plants a mistake in the engine, which the run should find; only in a build for it.",
      rule: "a name that --list-faults has",
      standard: { _ in "none" },
      scenarios: [.simulate]
    ) { options, text in
      guard let fault = PlantedFault(rawValue: text) else { return false }
      options.plantedFault = fault
      return true
    },
    Option(
      "--list-faults",
      nil,
      "Lists the mistakes that can be planted, and runs nothing.",
      standard: { _ in "off" },
      scenarios: [.simulate]
    ) { options, _ in
      options.listsFaults = true
      return true
    },
  ]
}
