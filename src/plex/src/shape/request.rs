//! Requests whose answers are compared. They are those of the logins, sent once.

use std::time::Instant;

use reqwest::blocking::RequestBuilder;
use url::Url;
use zeroize::Zeroizing;

use super::compare::Shape;
use super::table::Endpoint;
use crate::client::Received;
use crate::{Client, Error, LinkCode, Token, link, parse};

impl Client {
    /// The shape of what an account sees of itself.
    ///
    /// # Errors
    /// [`Error`] when there is no answer. One that is no success is a shape, too; so with all methods below.
    pub fn user_shape(&self, token: &Token, deadline: Instant) -> Result<Shape, Error> {
        self.shape(Endpoint::User, self.account_request(token)?, deadline).map(|(shape, _)| shape)
    }

    /// The shape of the list of friends.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn users_shape(&self, token: &Token, deadline: Instant) -> Result<Shape, Error> {
        self.shape(Endpoint::Users, self.users_request(token)?, deadline).map(|(shape, _)| shape)
    }

    /// The shape of the list of shares.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn shared_servers_shape(&self, token: &Token, machine_id: &str, deadline: Instant) -> Result<Shape, Error> {
        let request = self.shared_servers_request(token, machine_id)?;
        self.shape(Endpoint::SharedServers, request, deadline).map(|(shape, _)| shape)
    }

    /// The shape of the list of devices.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn resources_shape(&self, token: &Token, deadline: Instant) -> Result<Shape, Error> {
        self.shape(Endpoint::Resources, self.resources_request(token)?, deadline).map(|(shape, _)| shape)
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
        let request = self.sign_in_request(login, password, code);
        let (shape, body) = self.shape(Endpoint::SignIn, request, deadline)?;
        // Also from an answer that signs nobody in, since a token that was issued must not stay valid.
        Ok((shape, parse::approval(&body).ok().flatten()))
    }

    /// Revokes a token, and returns the shape of the answer.
    ///
    /// # Errors
    /// As [`Self::user_shape`]; the token may still be valid.
    pub fn sign_out_shape(&self, token: &Token, deadline: Instant) -> Result<Shape, Error> {
        self.shape(Endpoint::Revocation, self.sign_out_request(token)?, deadline).map(|(shape, _)| shape)
    }

    /// Requests a link code, and returns the shape of the answer and the code, if there is one.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn link_code_shape(&self, deadline: Instant) -> Result<(Shape, Option<LinkCode>), Error> {
        let (shape, body) = self.shape(Endpoint::LinkCode, self.link_code_request(), deadline)?;
        Ok((shape, link::link_code(&body).ok()))
    }

    /// The shape of the state of a link code.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn approval_shape(&self, code: &LinkCode, deadline: Instant) -> Result<Shape, Error> {
        self.shape(Endpoint::Approval, self.approval_request(code), deadline).map(|(shape, _)| shape)
    }

    /// The shape of a media server's identity.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn identity_shape(&self, server: &Url, deadline: Instant) -> Result<Shape, Error> {
        self.shape(Endpoint::Identity, self.identity_request(server), deadline).map(|(shape, _)| shape)
    }

    /// The shape of a media server's answer to a token that cannot be valid.
    ///
    /// # Errors
    /// As [`Self::user_shape`].
    pub fn media_server_shape(&self, server: &Url, deadline: Instant) -> Result<Shape, Error> {
        let request = self.front_page_request(server, &Token::invalid())?;
        self.shape(Endpoint::MediaServer, request, deadline).map(|(shape, _)| shape)
    }

    /// Sends a request and returns the shape of its answer. The body is for what must be undone afterwards.
    fn shape(
        &self,
        endpoint: Endpoint,
        request: RequestBuilder,
        deadline: Instant,
    ) -> Result<(Shape, Zeroizing<Vec<u8>>), Error> {
        let Received { status, content_type, body, .. } = self.send(request, deadline)?;
        Ok((Shape::of(endpoint.contract(), status, content_type.as_deref(), &body), body))
    }
}
