import GrapevineCore
import GrapevineTransport
import Testing

@Suite struct DeadlineHeapTests {
  private func client(_ number: UInt64) -> ClientID { ClientID(rawValue: number) }
  private func instant(_ number: UInt64) -> Instant { Instant(nanoseconds: number) }

  @Test func `An empty heap never wakes anyone`() {
    var heap = DeadlineHeap()
    #expect(heap.earliest == .never)
    #expect(heap.removeDue(at: .never) == nil)
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5])
  func `It gives the same as a sorted list, however deadlines move`(_ seed: UInt64) {
    var random = seed
    func draw(_ bound: UInt64) -> UInt64 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (random >> 33) % bound
    }
    var heap = DeadlineHeap()
    var model: [UInt64: UInt64] = [:]
    for _ in 0..<2_000 {
      let number = draw(40)
      switch draw(4) {
      case 0:
        heap.set(.never, for: client(number))
        model[number] = nil
      case 1:
        let now = draw(1_000)
        let least = model.values.min() ?? .max
        let due = heap.removeDue(at: instant(now))
        #expect((due != nil) == (least <= now))
        if let due {
          #expect(model[due.rawValue] == least)
          model[due.rawValue] = nil
        }
      default:
        let deadline = draw(1_000)
        heap.set(instant(deadline), for: client(number))
        model[number] = deadline
      }
      #expect(heap.earliest == model.values.min().map { instant($0) } ?? .never)
    }
  }
}
