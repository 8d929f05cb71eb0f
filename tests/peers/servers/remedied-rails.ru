require "concurrent"
require "action_controller"
require "action_cable"
require "logger"
require "./connection"
config = ActionCable.server.config
config.logger = Logger.new(nil)
config.connection_class = -> { ApplicationCable::Connection }
config.cable = { "adapter" => "async" }
config.allowed_request_origins = ApplicationCable::Connection::PAGES
map("/ws/why") { run WhyController.action(:show) }
map("/ws") { run ActionCable.server }
