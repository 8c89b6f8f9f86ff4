internal import GrapevineCore
internal import GrapevineSimulation
internal import Synchronization

/// Many seeds, each run on one of some threads.
///
/// Engine and simulation are values of their run, so what comes of a seed does not depend on the
/// others, nor on the number of threads.
final class Campaign: Sendable {
  let options: Options
  let seedCount: Int
  private let makeSwarm: SwarmMaker
  private let nextIndex = Atomic<Int>(0)
  private let doneCount = Atomic<Int>(0)
  private let workingCount = Atomic<Int>(0)
  /// The least index that has failed; later ones are not begun.
  private let failedIndex = Atomic<Int>(.max)

  /// Says what the run of a seed is made of.
  typealias SwarmMaker = @Sendable (_ seed: UInt64, _ options: Options) -> Swarm

  init(_ options: Options, swarms makeSwarm: @escaping SwarmMaker = Campaign.swarm) {
    self.options = options
    self.makeSwarm = makeSwarm
    seedCount = options.givenSeeds ?? 1
  }

  /// What one thread found.
  private final class Found: Sendable {
    let tally: Tally

    init(_ tally: Tally) {
      self.tally = tally
    }
  }

  private final class Worker: Sendable {
    let found = AtomicLazyReference<Found>()
  }

  func seed(_ index: Int) -> UInt64 { options.seed &+ UInt64(index) }

  /// The run that the seed draws, as far as the options leave it to that.
  @Sendable static func swarm(_ seed: UInt64, _ options: Options) -> Swarm {
    Swarm(
      seed: seed,
      options: Swarm.drawOptions(
        seed,
        nodeCount: options.givenNodes,
        safetyDuration: options.givenDuration
      )
    )
  }

  /// Runs all seeds, or those up to the first that fails.
  func run(_ progress: Progress) throws(EvaluationError) -> Tally {
    let count = min(options.givenJobs ?? WorkerThread.processorCount, seedCount)
    let workers = (0..<count).map { _ in Worker() }
    workingCount.store(count, ordering: .relaxed)
    for worker in workers {
      // It is not waited for: what counts is the last that it does.
      _ = try WorkerThread { [self] in
        let found = Found(work())
        _ = worker.found.storeIfNil(found)
        workingCount.subtract(1, ordering: .releasing)
      }
    }
    while workingCount.load(ordering: .acquiring) > 0 {
      MachineClock.sleep(.milliseconds(20))
      progress.report("\(doneCount.load(ordering: .relaxed)) of \(seedCount) seeds")
    }
    return workers.reduce(into: Tally()) { tally, worker in
      if let found = worker.found.load() { tally.add(found.tally) }
    }
  }

  private func work() -> Tally {
    var tally = Tally()
    while true {
      let index = nextIndex.add(1, ordering: .relaxed).oldValue
      guard index < seedCount,
        options.keepsGoing || index < failedIndex.load(ordering: .relaxed)
      else { break }
      let seed = seed(index)
      TrapReport.prepare(Simulate.trapLine(seed, options))
      do throws(Swarm.Failure) {
        tally.add(try makeSwarm(seed, options).run(), seed: seed)
      } catch {
        tally.failures.append(Tally.Failed(index: index, seed: seed, failure: error))
        failedIndex.min(index, ordering: .relaxed)
        // Of a long campaign one wants to know at once.
        if options.keepsGoing { StandardError.write("failed: \(Simulate.hex(seed)): \(error)\n") }
      }
      doneCount.add(1, ordering: .relaxed)
    }
    TrapReport.prepare(nil)
    return tally
  }
}

/// What runs came to, added up; the order in which they are added does not matter.
struct Tally: Sendable {
  var seedCount = 0
  /// A sum over all runs' fingerprints.
  var fingerprint: UInt64 = 0
  var virtualMilliseconds = 0
  var processes = 0
  var steps = 0
  var packets = 0
  var streams = 0
  var writes = 0
  var healing: [Double] = []
  /// Beside each of ``Sometimes/all`` how often it came to pass, and in how many runs.
  var counts = [Int](repeating: 0, count: Sometimes.all.count)
  var seedCounts = [Int](repeating: 0, count: Sometimes.all.count)
  var failures: [Failed] = []

  struct Failed: Sendable {
    let index: Int
    let seed: UInt64
    let failure: Swarm.Failure
  }

  /// The failure of the smallest seed, which does not depend on who was first.
  var firstFailure: Failed? { failures.min { $0.index < $1.index } }

  /// What no run met.
  var neverHit: [Sometimes] {
    zip(Sometimes.all, counts).filter { $0.1 == 0 }.map(\.0)
  }

  mutating func add(_ report: Swarm.Report, seed: UInt64) {
    seedCount += 1
    var mixer = Xoshiro256(seed: report.fingerprint ^ seed)
    fingerprint &+= mixer.next()
    virtualMilliseconds += Int(report.duration.nanoseconds / 1_000_000)
    processes += report.processCount
    steps += report.stepCount
    packets += report.packetCount
    streams += report.streamCount
    writes += report.writeCount
    healing.append(report.healing.milliseconds)
    for (index, count) in report.counts.enumerated() {
      counts[index] += count
      seedCounts[index] += count > 0 ? 1 : 0
    }
  }

  mutating func add(_ other: Tally) {
    seedCount += other.seedCount
    fingerprint &+= other.fingerprint
    virtualMilliseconds += other.virtualMilliseconds
    processes += other.processes
    steps += other.steps
    packets += other.packets
    streams += other.streams
    writes += other.writes
    healing += other.healing
    for index in counts.indices {
      counts[index] += other.counts[index]
      seedCounts[index] += other.seedCounts[index]
    }
    failures += other.failures
  }
}
