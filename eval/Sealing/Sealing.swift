import EvalScenarios
import Glibc
import Grapevine
import GrapevineCore
import GrapevineEncryption
import GrapevineTransport

/// Prints what it costs to seal and to open packets, on one core and as a node does it.
///
/// It exits with 1 if an algorithm does fewer packets a second than the argument says, and with 2
/// in a build without the trait `Encryption`.
@main
enum Sealing {
  static func main() throws {
    #if Encryption
      let least = CommandLine.arguments.dropFirst().first.flatMap { Double($0) } ?? 0
      var isQuick = true
      for algorithm in SealingKey.Algorithm.allCases {
        let ring = try Keyring(.random(algorithm: algorithm))
        for size in [26, 300, 1_200] {
          let cost = try Bench(ring: ring, size: size).run()
          let rate = 1e9 / (cost.sealing + cost.opening)
          print(
            "\(algorithm.rawValue), packets of \(size) bytes: "
              + "sealing \(text(cost.sealing)), opening \(text(cost.opening)), "
              + "\(NumberText.fixed(rate, 0)) sealed and opened a second; "
              + "refusing a forged one \(text(cost.refusing)), "
              + "of a session made up \(text(cost.deriving))"
          )
          isQuick = isQuick && rate >= least
        }
      }
      if !isQuick { exit(1) }
    #else
      print("this build has no keys; one that has is made with: swift run -c release")
      print("  --traits Encryption --scratch-path .build-encryption sealing")
      exit(2)
    #endif
  }
}

#if Encryption
  extension Sealing {
    private static func text(_ nanoseconds: Double) -> String {
      "\(NumberText.fixed(nanoseconds / 1_000, 2)) µs"
    }
  }

  /// Sends sealed packets through a socket on loopback, and takes the time of what is not the
  /// system's.
  private struct Bench {
    /// Processor time for a packet, in nanoseconds.
    struct Cost {
      var sealing = 0.0
      var opening = 0.0
      var refusing = 0.0
      var deriving = 0.0
    }

    let ring: Keyring
    let size: Int
    private static let batches = 2_000

    func run() throws -> Cost {
      var cost = Cost()
      for kind in [Kind.whole, .forged, .madeUp] {
        let (sealing, opening) = try run(kind)
        switch kind {
        case .whole: (cost.sealing, cost.opening) = (sealing, opening)
        case .forged: cost.refusing = opening
        case .madeUp: cost.deriving = opening
        }
      }
      return cost
    }

    private enum Kind {
      case whole
      /// With a wrong tag, in the name of a session that is known.
      case forged
      case madeUp
    }

    private func run(_ kind: Kind) throws -> (sealing: Double, opening: Double) {
      let sender = NodeSealing(sealer: ring, mode: .require, label: "prod")
      let receiver = NodeSealing(sealer: ring, mode: .require, label: "prod")
      let loopback = Endpoint(ipv4: 0x7F00_0001, port: 0)
      let sockets = try (DatagramSocket(bind: loopback), DatagramSocket(bind: loopback))
      let outbox = DatagramOutbox()
      let inbox = DatagramInbox()
      var opener = PacketOpener()
      var packet: [UInt8] = []
      PacketHeader(kind: .push, label: 1, sender: MemberKey(rawValue: 7)).write(to: &packet)
      packet += [UInt8](repeating: 42, count: size - packet.count)
      var times = (sealing: UInt64(0), opening: UInt64(0))
      var count = 0
      var random = Xoshiro256(seed: 1)
      for batch in 0..<Self.batches {
        for _ in 0..<DatagramOutbox.batchSize {
          _ = outbox.append { bytes in
            bytes += packet
            return sockets.1.boundEndpoint
          }
        }
        let start = MachineClock.processorTime
        sender.seal(outbox)
        times.sealing += MachineClock.processorTime.since(start)
        if kind != .whole, batch > 0 { spoil(outbox, kind, &random) }
        var metrics = TransportMetrics()
        outbox.send(through: sockets.0, counting: &metrics)
        try inbox.receive(from: sockets.1)
        let middle = MachineClock.processorTime
        opener.open(inbox, receiver)
        times.opening += MachineClock.processorTime.since(middle)
        guard kind == .whole || batch == 0 || opener.packets.isEmpty else {
          throw EvaluationError("a forged packet was opened")
        }
        count += inbox.count
      }
      let all = Double(Self.batches * DatagramOutbox.batchSize)
      let opened = receiver.metrics.withLock { $0.packetsOpened }
      guard count == Int(all), kind != .whole || opened == count else {
        throw EvaluationError("\(opened) of \(count) packets were opened")
      }
      return (Double(times.sealing) / all, Double(times.opening) / all)
    }

    private func spoil(_ outbox: DatagramOutbox, _ kind: Kind, _ random: inout Xoshiro256) {
      outbox.rewrite { old, new in
        new += copy(old, 0..<old.count)
        new[new.count - 1] ^= 1
        if kind == .madeUp {
          new.overwrite(at: new.count - old.count + 16, random.index(1 << 30), size: 4)
        }
        return true
      }
    }
  }
#endif
