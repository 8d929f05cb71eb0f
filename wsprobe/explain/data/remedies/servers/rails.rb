# Rails Action Cable: a page reads why it was refused.
#
# Action Cable checks after the handshake. The page gets a message and a Close, and the
# client of Rails does not try again:
#
#     {"type":"disconnect","reason":"session expired","reconnect":false}
#
# A page of another origin, and a program without Origin, get a 404. Programs, and
# pages with fetch(), ask GET /ws/why. In config/application.rb:
#
#     config.action_cable.allowed_request_origins = ["https://chat.example"]
#
# In config/routes.rb: get "/ws/why", to: "why#show"

module ApplicationCable
  class Connection < ActionCable::Connection::Base
    PAGES = ["https://chat.example"].freeze # origins

    # Your check: a reason, nil to let in.
    def self.refusal(request)
      "session expired" unless request.cookies.key?("session")
    end

    def connect
      reason = self.class.refusal(request)
      return unless reason

      close(reason: reason, reconnect: false)
      reject_unauthorized_connection
    end
  end
end

class WhyController < ActionController::API
  def show
    origin = request.headers["Origin"]
    response.headers["Vary"] = "Origin"
    if ApplicationCable::Connection::PAGES.include?(origin)
      response.headers["Access-Control-Allow-Origin"] = origin
      response.headers["Access-Control-Allow-Credentials"] = "true"
    end
    reason = ApplicationCable::Connection.refusal(request)
    reason ? render(plain: reason, status: 401) : head(204)
  end
end
