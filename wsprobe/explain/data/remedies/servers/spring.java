// Spring: a page reads why it was refused, a program gets a status.
//
// A page reads 4401 "session expired", or asks GET /ws/why with fetch(). A program,
// which sends no Origin, gets a 401. A page of another origin gets a bare 403.

import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.web.bind.annotation.CrossOrigin;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.socket.CloseStatus;
import org.springframework.web.socket.TextMessage;
import org.springframework.web.socket.WebSocketHandler;
import org.springframework.web.socket.WebSocketSession;
import org.springframework.web.socket.config.annotation.EnableWebSocket;
import org.springframework.web.socket.config.annotation.WebSocketConfigurer;
import org.springframework.web.socket.config.annotation.WebSocketHandlerRegistry;
import org.springframework.web.socket.handler.TextWebSocketHandler;
import org.springframework.web.socket.server.HandshakeInterceptor;

@Configuration
@EnableWebSocket
public class ChatConfiguration implements WebSocketConfigurer {
    static final String PAGE = "https://chat.example"; // origin

    /** Your check: a reason for a 401, null to let in. */
    static String refusal(String cookies) {
        return cookies != null && cookies.contains("session=") ? null : "session expired";
    }

    @Override
    public void registerWebSocketHandlers(WebSocketHandlerRegistry registry) {
        registry.addHandler(new Chat(), "/ws")
                .setAllowedOrigins(PAGE) // a request without Origin passes
                .addInterceptors(new Programs());
    }

    /** Refuses programs with a status. */
    static class Programs implements HandshakeInterceptor {
        @Override
        public boolean beforeHandshake(ServerHttpRequest request, ServerHttpResponse response,
                WebSocketHandler handler, Map<String, Object> attributes) throws Exception {
            HttpHeaders headers = request.getHeaders();
            String refused = refusal(headers.getFirst(HttpHeaders.COOKIE));
            if (refused == null || headers.getOrigin() != null) return true;
            response.setStatusCode(HttpStatus.UNAUTHORIZED);
            response.getBody().write(refused.getBytes());
            return false;
        }

        @Override
        public void afterHandshake(ServerHttpRequest request, ServerHttpResponse response,
                WebSocketHandler handler, Exception exception) {}
    }

    static class Chat extends TextWebSocketHandler {
        @Override
        public void afterConnectionEstablished(WebSocketSession session) throws Exception {
            String cookies = session.getHandshakeHeaders().getFirst(HttpHeaders.COOKIE);
            String refused = refusal(cookies);
            if (refused == null) return;
            Thread.sleep(50); // Firefox may lose a Close that comes right after the 101
            session.close(new CloseStatus(4401, refused));
        }

        @Override
        protected void handleTextMessage(WebSocketSession session, TextMessage message)
                throws Exception {
            session.sendMessage(message);
        }
    }
}

@RestController
class Why {
    @CrossOrigin(origins = ChatConfiguration.PAGE, allowCredentials = "true")
    @GetMapping("/ws/why")
    ResponseEntity<String> why(HttpServletRequest request) {
        String refused = ChatConfiguration.refusal(request.getHeader(HttpHeaders.COOKIE));
        if (refused == null) return ResponseEntity.noContent().build();
        return ResponseEntity.status(HttpStatus.UNAUTHORIZED).body(refused);
    }
}
