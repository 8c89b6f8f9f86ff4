extension Cluster {
  /// What the nodes have sent since they were started as a monitoring system would read it; nil
  /// where there is nothing to read.
  func scrapedTraffic(of nodes: [Int]) -> TrafficCount? {
    var sum = TrafficCount()
    for node in nodes {
      guard let text = exposition(of: node) else { return nil }
      sum = sum + TrafficCount(scraped: text)
    }
    return sum
  }
}

extension TrafficCount {
  /// Says whether this was counted after `earlier` and before `later`, as counts only grow.
  func lies(between earlier: TrafficCount, and later: TrafficCount) -> Bool {
    earlier.packets <= packets && packets <= later.packets
      && earlier.packetBytes <= packetBytes && packetBytes <= later.packetBytes
  }

  /// Reads the text that Prometheus would be given.
  init(scraped text: String) {
    self.init()
    for line in text.split(separator: "\n") {
      guard let space = line.lastIndex(of: " "),
        let value = Double(line[line.index(after: space)...])
      else { continue }
      switch line[..<space] {
      case "grapevine_packets_total{direction=\"out\"}": packets = value
      case "grapevine_packet_bytes_total{direction=\"out\"}": packetBytes = value
      case "grapevine_stream_bytes_total{direction=\"out\"}": streamBytes = value
      default: continue
      }
    }
  }
}
