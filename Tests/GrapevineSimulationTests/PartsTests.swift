import GrapevineCore
import GrapevineSimulation
import Pacing
import Testing

@Suite(.computing) struct PartsTests {
  @Test func `the heap gives the earliest first and equal times in the order of insertion`() {
    var random = Xoshiro256(seed: 1)
    var heap = EventHeap()
    var expected: [(time: UInt64, node: Int)] = []
    for node in 0..<500 {
      let time = random.below(40)
      heap.push(.wake(node: node), at: time)
      expected.append((time, node))
    }
    expected.sort { ($0.time, $0.node) < ($1.time, $1.node) }
    for (time, node) in expected {
      guard let next = heap.popFirst(), case .wake(let found) = next.occurrence else {
        Issue.record("the heap is empty before node \(node)")
        return
      }
      #expect(next.time == time)
      #expect(found == node)
    }
    #expect(heap.popFirst() == nil)
  }

  @Test(arguments: [0, 1, -1, 317, -50_000, 49_999] as [Int64])
  func `a drifting clock shows a reading at its time and not a nanosecond before`(drift: Int64) {
    var random = Xoshiro256(seed: 2)
    var clock = NodeClock(startedAt: 5_000, reading: 77)
    clock.setDrift(drift, at: 6_000)
    for _ in 0..<1_000 {
      let reading = Instant(nanoseconds: 2_000 + random.below(1 << 50))
      let time = clock.time(of: reading)
      #expect(clock.reading(at: time) >= reading)
      #expect(clock.reading(at: time - 1) < reading)
    }
    #expect(clock.time(of: .never) == .max)
  }

  @Test func `a clock that drifts by a thousandth gains a second in a thousand`() {
    var clock = NodeClock(startedAt: 0, reading: 0)
    clock.setDrift(1_000, at: 0)
    let reading = clock.reading(at: 1_000_000_000_000)
    #expect(reading.nanoseconds == 1_001_000_000_000)
  }

  @Test func `latencies keep to their bounds and means`() {
    var random = Xoshiro256(seed: 3)
    let uniform = Latency.uniform(.milliseconds(1)...(.milliseconds(5)))
    let exponential = Latency.exponential(floor: .milliseconds(1), mean: .milliseconds(4))
    var sums: (uniform: UInt64, exponential: UInt64) = (0, 0)
    for _ in 0..<20_000 {
      let first = uniform.draw(&random)
      let second = exponential.draw(&random)
      #expect(first >= 1_000_000 && first <= 5_000_000)
      #expect(second >= 1_000_000)
      sums.uniform += first
      sums.exponential += second
    }
    #expect((2_970_000...3_030_000).contains(sums.uniform / 20_000))
    #expect((4_900_000...5_100_000).contains(sums.exponential / 20_000))
    #expect(Latency.fixed(.milliseconds(7)).draw(&random) == 7_000_000)
  }

  @Test func `a share that is never drawn takes nothing from the generator`() {
    var random = Xoshiro256(seed: 4)
    let before = random
    #expect(!Ratio.never.isHit(&random))
    #expect(random == before)
    #expect(Ratio.always.isHit(&random))
    #expect(Ratio(0.25) == Ratio(250_000_000, outOf: 1_000_000_000))
  }

  @Test func `a line sends one thing after the other and refuses what its queue can't hold`() {
    var line = Line()
    // 1,000 bytes a second: a byte a millisecond.
    #expect(line.send(100, at: 0, rate: 1_000, queueLimit: 150) == 100_000_000)
    #expect(line.send(100, at: 0, rate: 1_000, queueLimit: 150) == 200_000_000)
    #expect(line.send(100, at: 0, rate: 1_000, queueLimit: 150) == nil)
    #expect(line.send(100, at: 50_000_000, rate: 1_000, queueLimit: 150) == 300_000_000)
    #expect(line.send(10, at: 900_000_000, rate: 1_000, queueLimit: 150) == 910_000_000)
  }

  @Test func `bytes leave the queue in the order in which they came, however they are cut`() {
    var random = Xoshiro256(seed: 5)
    var queue = ByteQueue()
    var (added, taken): ([UInt8], [UInt8]) = ([], [])
    for _ in 0..<300 {
      let chunk = (0..<random.index(20)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      queue.append(chunk)
      added += chunk
      taken += queue.take(random.index(queue.count + 1))
    }
    taken += queue.take(queue.count)
    #expect(taken == added)
    #expect(queue.isEmpty)
  }

  @Test func `the rate counts any second, wherever it begins`() {
    var rate = PacketRate()
    let tenth: UInt64 = 100_000_000
    // Forty packets within a tenth of a second, in two calendar seconds.
    var most = 0
    for index in 0..<40 {
      most = rate.count(at: 9 * tenth + 50_000_000 + UInt64(index) * 2_500_000)
    }
    #expect(most == 40)
    #expect(rate.count(at: 18 * tenth) == 41)
    #expect(rate.count(at: 19 * tenth) == 22)
    #expect(rate.count(at: 20 * tenth) == 3)
    #expect(rate.count(at: 1_000 * tenth) == 1)
  }

  @Test func `a queue keeps its order over many turns`() {
    var queue = PeekableQueue<Int>()
    var next = 0
    for value in 0..<1_000 {
      queue.append(value)
      if value % 3 != 0 {
        #expect(queue.popFirst() == next)
        next += 1
      }
    }
    #expect(queue.count == 1_000 - next)
    #expect(Array(queue.all) == Array(next..<1_000))
  }
}
