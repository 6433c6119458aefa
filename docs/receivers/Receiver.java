// 守望回调的接收程序：只用 JDK（11 或更新）。 A receiver of Shouwang's webhooks with the JDK alone (11 or newer).
//
//     WEBHOOK_SECRETS="whsec_…" java Receiver.java 9000 inbox
//
// 换密钥期间 WEBHOOK_SECRETS 写两个，用空格隔开。每个事件先完整写成 inbox/{webhook-id}.json，再答复 204；
// 重复投递的已有文件，不再处理。业务程序按自己的速度处理这个文件夹；处理完的记下编号，或把文件留满六天再删。
// Two secrets, with a space between, while one takes the other's place. An event is a whole file before it is answered;
// one that comes again finds its file there and has no second effect. Work the folder off at your own pace; note the
// ids you have done, or leave the files for six days.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Receiver {
    static final long WINDOW = 300; // 秒 seconds: a post that somebody recorded is worth nothing later
    static final int LARGEST = 1_000_000; // 字节 bytes

    final List<SecretKeySpec> secrets = new ArrayList<>();
    final Path inbox;

    Receiver(String secrets, Path inbox) throws IOException {
        for (String one : secrets.trim().split("\\s+")) {
            byte[] key = Base64.getDecoder().decode(one.replaceFirst("^whsec_", ""));
            this.secrets.add(new SecretKeySpec(key, "HmacSHA256"));
        }
        this.inbox = Files.createDirectories(inbox);
    }

    // 签名覆盖“编号.时间.正文”的原始字节。 Signed is id.timestamp.body, over the exact bytes.
    boolean isOurs(String id, String sentAt, String signatures, byte[] body) throws GeneralSecurityException {
        if (!id.matches("[0-9A-Za-z_-]{1,64}") || !sentAt.matches("[0-9]{1,12}")) return false;
        if (Math.abs(System.currentTimeMillis() / 1000 - Long.parseLong(sentAt)) > WINDOW) return false;
        for (SecretKeySpec secret : secrets) {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(secret);
            mac.update((id + "." + sentAt + ".").getBytes(StandardCharsets.UTF_8));
            String right = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
            for (String given : signatures.split("\\s+"))
                if (MessageDigest.isEqual(right.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8)))
                    return true;
        }
        return false;
    }

    // 落盘后才算收到；已有的不动。 On disk before it counts; what is there stays.
    void keep(String id, byte[] body) throws IOException {
        Path unfinished = Files.createTempFile(inbox, ".", "");
        try (FileChannel file = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(body);
            while (left.hasRemaining()) file.write(left);
            file.force(true);
        }
        try {
            Files.createLink(inbox.resolve(id + ".json"), unfinished); // 同时到达的两份只有一份成功 of two at once, one succeeds
        } catch (FileAlreadyExistsException known) {
            // 已收过 it was here before
        } finally {
            Files.delete(unfinished);
        }
    }

    int receive(HttpExchange request) throws IOException, GeneralSecurityException {
        if (!request.getRequestMethod().equals("POST")) return 405;
        byte[] body = request.getRequestBody().readNBytes(LARGEST + 1);
        if (body.length > LARGEST) return 413;
        String id = said(request, "id");
        if (!isOurs(id, said(request, "timestamp"), said(request, "signature"), body)) return 401;
        keep(id, body);
        return 204;
    }

    static String said(HttpExchange request, String name) {
        String value = request.getRequestHeaders().getFirst("webhook-" + name);
        return value == null ? "" : value;
    }

    void answer(HttpExchange request) throws IOException {
        int status = 500;
        try {
            status = receive(request);
        } catch (GeneralSecurityException | IOException problem) {
            System.err.println(problem);
        }
        request.sendResponseHeaders(status, -1);
        request.close();
    }

    public static void main(String[] told) throws IOException {
        Receiver receiver = new Receiver(System.getenv("WEBHOOK_SECRETS"), Path.of(told[1]));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(told[0])), 0);
        server.createContext("/", receiver::answer);
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.start();
    }
}
