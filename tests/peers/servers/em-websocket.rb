require 'em-websocket'
EM.run do
  EM::WebSocket.run(host: ARGV[0], port: Integer(ARGV[1])) do |socket|
    socket.onmessage { |text| socket.send_text(text) }
    socket.onbinary { |data| socket.send_binary(data) }
  end
end
