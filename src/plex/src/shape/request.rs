//! Requests whose answers are compared. They are those of the logins, sent once.

use std::time::Instant;

use reqwest::Method;
use reqwest::blocking::RequestBuilder;
use url::Url;
use zeroize::Zeroizing;

use super::compare::Shape;
use super::table::Endpoint;
use crate::account::form;
use crate::client::{Received, send, with_form, with_token};
use crate::link::STRONG;
use crate::{Client, Error, LinkCode, Token, link, parse};

/// A token that no server knows.
const INVALID_TOKEN: &str = "plex-auth-asks-whether-you-say-no";

impl Client {
    /// The shape of what an account sees of itself.
    ///
    /// # Errors
    /// [`Error`] when there is no answer. One that is no success is a shape, too; so with all methods below.
    pub fn user_shape(&self, token: &Token, deadline: Instant) -> Result<Shape, Error> {
        self.get_shape(Endpoint::User, Endpoint::User.contract().path, token, deadline)
    }

    /// The shape of the list of friends.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn users_shape(&self, token: &Token, deadline: Instant) -> Result<Shape, Error> {
        self.get_shape(Endpoint::Users, Endpoint::Users.contract().path, token, deadline)
    }

    /// The shape of the list of shares.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn shared_servers_shape(&self, token: &Token, machine_id: &str, deadline: Instant) -> Result<Shape, Error> {
        let path = Endpoint::SharedServers.contract().path.replace("{machine_id}", machine_id);
        self.get_shape(Endpoint::SharedServers, &path, token, deadline)
    }

    /// The shape of the list of devices.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn resources_shape(&self, token: &Token, deadline: Instant) -> Result<Shape, Error> {
        let request = self.request(Method::GET, Endpoint::Resources.contract().path).query(&[("includeHttps", "1")]);
        shape(Endpoint::Resources, with_token(request, token)?, deadline).map(|(shape, _)| shape)
    }

    fn get_shape(&self, endpoint: Endpoint, path: &str, token: &Token, deadline: Instant) -> Result<Shape, Error> {
        let request = with_token(self.request(Method::GET, path), token)?;
        shape(endpoint, request, deadline).map(|(shape, _)| shape)
    }

    /// Signs in, and returns the shape of the answer and the token to revoke, if there is one.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn sign_in_shape(
        &self,
        login: &str,
        password: &str,
        code: Option<&str>,
        deadline: Instant,
    ) -> Result<(Shape, Option<Token>), Error> {
        let request =
            with_form(self.request(Method::POST, Endpoint::SignIn.contract().path), form(login, password, code));
        let (shape, body) = shape(Endpoint::SignIn, request, deadline)?;
        // Also from an answer that signs nobody in, since a token that was issued must not stay valid.
        Ok((shape, parse::approval(&body).ok().flatten()))
    }

    /// Revokes a token, and returns the shape of the answer.
    ///
    /// # Errors
    /// As [`Self::user_shape`]; the token may still be valid.
    pub fn sign_out_shape(&self, token: &Token, deadline: Instant) -> Result<Shape, Error> {
        let request = self.request(Method::DELETE, Endpoint::Revocation.contract().path);
        shape(Endpoint::Revocation, with_token(request, token)?, deadline).map(|(shape, _)| shape)
    }

    /// Requests a link code, and returns the shape of the answer and the code, if there is one.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn link_code_shape(&self, deadline: Instant) -> Result<(Shape, Option<LinkCode>), Error> {
        let request = with_form(self.request(Method::POST, Endpoint::LinkCode.contract().path), STRONG);
        let (shape, body) = shape(Endpoint::LinkCode, request, deadline)?;
        Ok((shape, link::link_code(&body).ok()))
    }

    /// The shape of the state of a link code.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn approval_shape(&self, code: &LinkCode, deadline: Instant) -> Result<Shape, Error> {
        let path = Endpoint::Approval.contract().path.replace("{id}", &code.id.to_string());
        shape(Endpoint::Approval, self.request(Method::GET, &path), deadline).map(|(shape, _)| shape)
    }

    /// The shape of a media server's identity.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn identity_shape(&self, server: &Url, deadline: Instant) -> Result<Shape, Error> {
        let request = self.request_to(server, Endpoint::Identity.contract().path);
        shape(Endpoint::Identity, request, deadline).map(|(shape, _)| shape)
    }

    /// The shape of a media server's answer to a token that cannot be valid.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn media_server_shape(&self, server: &Url, deadline: Instant) -> Result<Shape, Error> {
        let request = self.request_to(server, Endpoint::MediaServer.contract().path);
        let request = with_token(request, &Token::from(INVALID_TOKEN))?;
        shape(Endpoint::MediaServer, request, deadline).map(|(shape, _)| shape)
    }
}

/// Sends a request and returns the shape of its answer. The body is for what must be undone afterwards.
fn shape(endpoint: Endpoint, request: RequestBuilder, deadline: Instant) -> Result<(Shape, Zeroizing<Vec<u8>>), Error> {
    let Received { status, content_type, body, .. } = send(request, deadline)?;
    Ok((Shape::of(endpoint.contract(), status, content_type.as_deref(), &body), body))
}
