package io.pointsman.e2e.modelserver;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.CountDownLatch;

/**
 * A sample model server as a program of its own, for where each runs in a pod. It runs until it is
 * stopped.
 */
public final class Main {
  private static final String USAGE = "usage: Main ADDRESS PORT MODEL...";

  private Main() {}

  public static void main(String[] args) throws UnknownHostException, InterruptedException {
    if (args.length < 3) {
      System.err.println(USAGE);
      System.exit(2);
    }
    var models = new String[args.length - 2];
    System.arraycopy(args, 2, models, 0, models.length);
    var server =
        new SampleModelServer(
            ServerSettings.realistic(models),
            InetAddress.getByName(args[0]),
            Integer.parseInt(args[1]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "stop"));
    System.out.println("ready at " + server.start().address());
    new CountDownLatch(1).await();
  }
}
