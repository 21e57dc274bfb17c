//! From a pair of streams to a running server, and its end.

use crate::outgoing::{Voice, speak};
use crate::owner::{Message, Owner};
use crate::server::Server as Backend;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tower_lsp::{LspService, Server};

/// Requests that are worked on at once: those that wait must not keep others out.
const CONCURRENCY: usize = 256;

/// How long answers may still be written after the client is gone.
const GRACE: Duration = Duration::from_millis(200);

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client asked for it.
    Shutdown,
    /// The client left without asking.
    Abandoned,
}

/// Serves one client on stdin and stdout until it is done.
///
/// # Errors
/// When the system has no thread or stream for it.
pub fn run_stdio() -> io::Result<Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(serve(tokio::io::stdin(), tokio::io::stdout()));
    // A thread that still reads stdin is not waited for.
    runtime.shutdown_background();
    ended
}

/// Serves one client on a pair of streams until it is done. Must run in a tokio runtime.
///
/// # Errors
/// When the system has no thread for it.
pub async fn serve(input: impl AsyncRead + Unpin, output: impl AsyncWrite) -> io::Result<Ended> {
    let (voice, said) = Voice::new();
    let mailbox = Owner::start(voice.clone())?;
    let is_shut_down = Arc::new(AtomicBool::new(false));
    let (service, socket) = LspService::new(|client| {
        tokio::spawn(speak(client.clone(), said));
        Backend {
            mailbox: mailbox.clone(),
            voice,
            client,
            is_shut_down: is_shut_down.clone(),
            traits: OnceLock::new(),
        }
    });
    let end = Arc::new(Notify::new());
    let input = Watched {
        input,
        end: end.clone(),
    };
    let server = Server::new(input, output, socket).concurrency_level(CONCURRENCY);
    // A request that waits for something to happen would keep the server from its end.
    let client_left = async {
        end.notified().await;
        mailbox.send(Message::Stop);
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = server.serve(service) => {}
        () = client_left => {}
    }
    mailbox.send(Message::Stop);
    Ok(if is_shut_down.load(Ordering::Relaxed) {
        Ended::Shutdown
    } else {
        Ended::Abandoned
    })
}

/// A stream that tells when it ends.
struct Watched<I> {
    input: I,
    end: Arc<Notify>,
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.input).poll_read(context, buffer);
        let ended = match &polled {
            Poll::Ready(Ok(())) => buffer.filled().len() == before && buffer.capacity() > before,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if ended {
            self.end.notify_one();
        }
        polled
    }
}
